import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";

interface DialogProps {
  readonly title: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

/** A dialog over the page. The browser keeps the focus in it, and gives it back at the end. */
export function Dialog({ title, close, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null) return;
    dialog.showModal();
    // The first field is what one came for; the browser would choose the button that closes.
    dialog.querySelector<HTMLElement>("[data-first]")?.focus();
    // Beside the dialog is its backdrop, which counts as the dialog itself.
    dialog.addEventListener("click", ({ target }) => {
      if (target === dialog) dialog.close();
    });
    // Taken out of the page while open, it would leave the focus nowhere.
    return () => dialog.close();
  }, []);
  return (
    <dialog ref={element} class="dialog" aria-labelledby={titleId} onClose={close}>
      <div class="dialog-body">
        <header>
          <h2 id={titleId}>{title}</h2>
          <button class="icon-button" type="button" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
