import { type Html, html } from "./html.ts";

/** A cell: text as it is, a number of some kind set to the right. */
export type Cell = string | { readonly number: string } | Html;

export interface Table {
  readonly caption: string;
  /** Headings of the columns; the first stands over the rows' headings. */
  readonly columns: readonly string[];
  /** The heading of each row and its cells. */
  readonly rows: readonly (readonly [heading: string | Html, ...cells: Cell[]])[];
}

/** A table that a screen reader can read out: caption, headings of columns and rows. */
export function renderTable({ caption, columns, rows }: Table): Html {
  const numeric = (index: number) => rows.some((row) => isNumber(row[index]));
  const head = columns.map((column, index) =>
    numeric(index)
      ? html`<th scope="col" class="number">${column}</th>`
      : html`<th scope="col">${column}</th>`,
  );
  const body = rows.map(
    ([heading, ...cells]) => html`<tr><th scope="row">${heading}</th>${cells.map(renderCell)}</tr>`,
  );
  return html`<div class="table"><table><caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div>`;
}

function renderCell(cell: Cell): Html {
  return isNumber(cell)
    ? html`<td class="number">${cell.number}</td>`
    : html`<td>${cell as string | Html}</td>`;
}

function isNumber(cell: Cell | undefined): cell is { readonly number: string } {
  return typeof cell === "object" && "number" in cell;
}
