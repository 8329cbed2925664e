const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it may stand in HTML and SVG, between tags and in quoted attributes. */
export function escapeText(text: string): string {
  // Control characters have no place in XML, not even as entities.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const printable = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "\ufffd");
  return printable.replace(/[&<>"']/g, (found) => entities[found] ?? found);
}

/** A value as JSON that may stand in a `<script>` element: nothing in it can end the element. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}

/** Markup, as opposed to text. Made by `html` alone, so that nothing gets into a page unescaped. */
export class Html {
  constructor(readonly markup: string) {}
}

type Part = string | number | Html | readonly Html[];

/**
 * Markup with values put in: text and numbers are escaped, markup goes in as it is.
 *
 *     html`<p>${"1 < 2"}</p>`.markup    // <p>1 &lt; 2</p>
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const markup = strings.map((text, index) => {
    const part = parts[index];
    return part === undefined ? text : text + markupOf(part);
  });
  return new Html(markup.join(""));
}

function markupOf(part: Part): string {
  if (part instanceof Html) return part.markup;
  if (typeof part === "object") return part.map(({ markup }) => markup).join("\n");
  return escapeText(String(part));
}
