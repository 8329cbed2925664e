import { compareFigures } from "./charts/compare_figures.ts";
import { caveatsOf, differenceRows, measureRows, type Rows, runRows } from "./compare_table.ts";
import type { Compared } from "./compared.ts";
import { type Html, html } from "./html.ts";
import { renderPage } from "./page.ts";
import { renderTable } from "./table.ts";

/** The first line of page and picture. */
export function compareTitle(compared: readonly Compared[]): string {
  return `Hubbub load tests compared: ${compared.map(({ name }) => name).join(", ")}`;
}

/** `compare.html`: the table of the terminal, with graphs, in one file. */
export function compareHtml(compared: readonly Compared[]): Promise<string> {
  const title = compareTitle(compared);
  const differences = differenceRows(compared);
  const body = html`<header><h1>${title}</h1></header>
${tableOf("What is compared", runRows(compared), false)}
${
  differences.length === 1
    ? html`<p>All ran with the same parameters on the same kind of machine.</p>`
    : html`<p class="caution">These ran under different conditions; mind what you compare.</p>
${tableOf("What was different", differences, false)}`
}
<h2>Graphs</h2>
<noscript><p class="caution">The graphs need JavaScript; compare.png shows them too.</p></noscript>
<div class="figures">${compareFigures.map(
    ({ id, title }) => html`<figure><h3>${title}</h3>
<div class="chart" id="${id}" role="img" aria-label="${title}; its numbers stand in the table below"></div></figure>`,
  )}</div>
<h2>Figures</h2>
${tableOf("Before and after", measureRows(compared), true)}
${caveatsOf(compared).map((caveat) => html`<p class="quiet">${caveat}</p>`)}`;
  // The seconds are not drawn here, and of a soak they are megabytes.
  const data = compared.map(({ name, result }) => ({ name, result: { ...result, seconds: [] } }));
  return renderPage({ title, body, data, script: "compare_page.ts" });
}

function tableOf(caption: string, [columns = [], ...rows]: Rows, numeric: boolean): Html {
  return renderTable({
    caption,
    columns,
    rows: rows.map(([heading = "", ...cells]) => [
      heading,
      ...(numeric ? cells.map((number) => ({ number })) : cells),
    ]),
  });
}
