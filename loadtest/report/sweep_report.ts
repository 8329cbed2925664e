import { join } from "node:path";
import type { Sweep } from "../sweep.ts";
import { sweepFigures } from "./charts/sweep_figures.ts";
import { formatCount, formatMeasure } from "./format.ts";
import { html } from "./html.ts";
import { renderPage } from "./page.ts";
import { parameterRows } from "./parameter_rows.ts";
import {
  type Block,
  chartGrid,
  ink,
  MARGIN,
  paragraph,
  pictureOf,
  textAt,
  WIDTH,
} from "./picture.ts";
import { renderPng } from "./render_png.ts";
import { sweepNotes, sweepSentence, sweepTitle } from "./swept.ts";
import { renderTable } from "./table.ts";
import { linesOf } from "./text_width.ts";

const INNER = WIDTH - 2 * MARGIN;

/** Writes `sweep.html` and `sweep.png` into the folder, which must exist. */
export async function writeSweepReport(sweep: Sweep, folder: string): Promise<void> {
  await Bun.write(join(folder, "sweep.html"), await sweepHtml(sweep));
  await Bun.write(join(folder, "sweep.png"), renderPng(sweepPicture(sweep)));
}

/** `sweep.png` as an SVG document. */
export function sweepPicture(sweep: Sweep): string {
  const graphs = sweepFigures.map(({ title, option }) => ({ title, option: option(sweep) }));
  return pictureOf([heading(sweep), chartGrid(graphs)]);
}

function heading(sweep: Sweep): Block {
  const [title = ""] = linesOf(sweepTitle(sweep), INNER, 22, 1);
  const sentence = paragraph(linesOf(sweepSentence(sweep), INNER, 14, 4), 14, ink.text);
  const notes = sweepNotes(sweep).flatMap((note) => linesOf(note, INNER, 12, 2));
  const quiet = paragraph(notes, 12, ink.quiet);
  const below = 34 + sentence.heightPx;
  return {
    svg:
      `${textAt(0, 20, title, { sizePx: 22, bold: true })}<g transform="translate(0 34)">${sentence.svg}</g>` +
      `<g transform="translate(0 ${below})">${quiet.svg}</g>`,
    heightPx: below + quiet.heightPx + 20,
  };
}

/** `sweep.html`: the graphs and every run, in one file. */
export function sweepHtml(sweep: Sweep): Promise<string> {
  const title = sweepTitle(sweep);
  const runs = renderTable({
    caption: "Every run, in the order in which they were made",
    columns: [
      ...[sweep.setting, "Round", "Deliveries per second", "p50, ms", "p90, ms", "p99, ms"],
      ...["Server’s load, cores", "Tester’s load, cores", "CPU for each delivery, µs", "Verdict"],
    ],
    rows: sweep.runs.map((run) => [
      run.value,
      { number: String(run.round) },
      { number: formatCount(run.volumePerSecond) },
      ...[run.p50Ms, run.p90Ms, run.p99Ms, run.serverLoad, run.testerLoad].map((figure) => ({
        number: formatMeasure(figure),
      })),
      { number: run.cpuMicroseconds === null ? "not known" : formatMeasure(run.cpuMicroseconds) },
      run.verdict,
    ]),
  });
  const asked = renderTable({
    caption: `What was the same in all but ${sweep.setting}`,
    columns: ["Asked for", "Value"],
    rows: parameterRows(sweep.parameters),
  });
  const body = html`<header><h1>${title}</h1></header>
<p>${sweepSentence(sweep)}</p>
${sweepNotes(sweep).map((note) => html`<p class="quiet">${note}</p>`)}
<noscript><p class="caution">The graphs need JavaScript; sweep.png shows them too.</p></noscript>
<div class="figures">${sweepFigures.map(
    ({ id, title }) => html`<figure><h3>${title}</h3>
<div class="chart" id="${id}" role="img" aria-label="${title}; its numbers stand in the table below"></div></figure>`,
  )}</div>
${runs}
${asked}`;
  return renderPage({ title, body, data: sweep, script: "sweep_page.ts" });
}
