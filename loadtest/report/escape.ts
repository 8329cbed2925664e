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
  const printable = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, "�");
  return printable.replace(/[&<>"']/g, (found) => entities[found] ?? found);
}

/** A value as JSON that may stand in a `<script>` element: nothing in it can end the element. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, "\\u003c");
}
