import type { Typists, Watching } from "./watching.ts";

/** Who is typing in the channel. Its place stays, so that nothing moves when somebody begins. */
export function TypingLine({ watching }: { watching: Watching }) {
  const sentence = said(watching.typists.value);
  return (
    <div class="channel-typing">
      <p role="status" aria-atomic="true" dir="auto">
        {sentence}
      </p>
    </div>
  );
}

/** `ada is typing…`, `ada and bob are typing…`, `ada, bob and 3 more are typing…` */
function said({ names, more }: Typists): string {
  if (names.length === 0) return "";
  const all = more > 0 ? [...names, `${more} more`] : names;
  const list = new Intl.ListFormat("en-GB").format(all);
  return `${list} ${all.length === 1 ? "is" : "are"} typing…`;
}
