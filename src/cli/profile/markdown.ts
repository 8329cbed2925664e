/** A cell: text stands on the left, what is marked as a number on the right. */
export type Cell = string | { readonly number: string };

/** A Markdown table with its columns lined up, so that it reads well unrendered too. */
export function markdownTable(
  columns: readonly Cell[],
  rows: readonly (readonly Cell[])[],
): string {
  const isNumber = columns.map((cell) => typeof cell === "object");
  const texts = [columns, ...rows].map((cells) => cells.map(textOf));
  const widths = columns.map((_, at) =>
    Math.max(3, ...texts.map((cells) => cells[at]?.length ?? 0)),
  );
  const lined = texts.map((cells) =>
    cells.map((text, at) => {
      const width = widths[at] ?? 0;
      return isNumber[at] ? text.padStart(width) : text.padEnd(width);
    }),
  );
  const rule = widths.map((width, at) =>
    isNumber[at] ? `${"-".repeat(width - 1)}:` : "-".repeat(width),
  );
  const [heading = [], ...body] = lined;
  return [heading, rule, ...body].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function textOf(cell: Cell): string {
  return (typeof cell === "string" ? cell : cell.number).replaceAll("|", "\\|");
}
