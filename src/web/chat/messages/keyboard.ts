import type { MessageView } from "./message_view.ts";

/**
 * The keyboard in the messages: up and down go from message to message, Home and End to the ends of the
 * channel and not only of what is loaded. Page Up and Page Down scroll, as they do everywhere.
 */
export function onKey(event: KeyboardEvent, view: MessageView): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  switch (event.key) {
    case "ArrowUp":
      view.step(-1);
      break;
    case "ArrowDown":
      view.step(1);
      break;
    case "Home":
      view.conversation.goToStart();
      break;
    case "End":
      view.conversation.goToEnd();
      break;
    default:
      return;
  }
  event.preventDefault();
}
