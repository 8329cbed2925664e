import type { Result, Verdict } from "../result.ts";
import { figures } from "./charts/figures.ts";
import { keyFigures, occasionOf, titleOf, verdictWords, warningsOf } from "./headline.ts";
import { type Html, html } from "./html.ts";
import { renderPage } from "./page.ts";
import { parameterRows } from "./parameter_rows.ts";
import {
  environmentTable,
  errorTable,
  integrityTable,
  latencyTable,
  loadTable,
  stageTable,
  targetTable,
  totalsTable,
} from "./report_tables.ts";
import { renderTable } from "./table.ts";

const verdictClass: Readonly<Record<Verdict, string>> = {
  passed: "good",
  failed: "bad",
  "tester-bound": "caution",
  interrupted: "caution",
};

/** `report.html`: everything about one run in one file. */
export function reportHtml(result: Result): Promise<string> {
  const body = html`
${heading(result)}
${latencies(result)}
${graphs(result)}
${faults(result)}
${circumstances(result)}`;
  return renderPage({ title: titleOf(result), body, data: result, script: "report_page.ts" });
}

function heading(result: Result): Html {
  const warnings = warningsOf(result).map((text) => html`<p class="caution">${text}</p>`);
  const tiles = keyFigures(result).map(
    ({ name, value, detail, bad }) => html`<div><dt>${name}</dt>
<dd class="value${bad ? " bad" : ""}">${value}</dd><dd class="quiet">${detail}</dd></div>`,
  );
  return html`<header>
<h1>${titleOf(result)}</h1>
<p class="quiet">${occasionOf(result)}</p>
<p class="verdict"><strong class="${verdictClass[result.verdict]}">${verdictWords[result.verdict]}</strong></p>
<p>${result.because}</p>
${warnings}
<dl class="key-figures">${tiles}</dl>
</header>`;
}

function latencies(result: Result): Html {
  const { latencyMs, plateauLatencyMs, resumeMs } = result;
  const plateau =
    plateauLatencyMs === null
      ? html``
      : renderTable(latencyTable("While all users were connected", plateauLatencyMs, false));
  const against = targetTable(result);
  const targets = against.rows.length === 0 ? html`` : renderTable(against);
  return html`<h2>How long things took</h2>
<p>p99 is the time within which 99 of 100 were done. Each is counted from when it was due by the clock,
so what a slow server held up counts too.</p>
${targets}
${renderTable(latencyTable("Over the whole run", latencyMs, true, resumeMs))}
${plateau}`;
}

function graphs(result: Result): Html {
  const drawn = figures.map(({ id, title, sentence }) => {
    const words = sentence(result);
    return html`<figure><h3>${title}</h3>
<div class="chart" id="${id}" role="img" aria-label="${title}. ${words}"></div>
<figcaption>${words}</figcaption></figure>`;
  });
  return html`<h2>Graphs</h2>
<p class="quiet">Point at a graph for its numbers; click a name in its legend to hide a series. The icons at the
top right zoom into a rectangle, and back out; so does the wheel with Shift held. CPU load is in cores: 1 is one core fully busy.</p>
<noscript><p class="caution">The graphs need JavaScript; report.png shows them too.</p></noscript>
<div class="figures">${drawn}</div>`;
}

function faults(result: Result): Html {
  const examples = result.integrity.examples.map((example) => html`<li>${example}</li>`);
  const errors =
    Object.keys(result.errors).length === 0
      ? html`<p>No errors, no refusals, no disconnects.</p>`
      : renderTable(errorTable(result));
  return html`<h2>What went wrong</h2>
<div class="side-by-side">
<div>${renderTable(integrityTable(result))}${examples.length === 0 ? html`` : html`<p>The first findings:</p><ul>${examples}</ul>`}</div>
<div>${errors}</div>
</div>`;
}

function circumstances(result: Result): Html {
  const parameters = {
    caption: "What was asked for",
    columns: ["Parameter", "Value"],
    rows: parameterRows(result.parameters),
  };
  const { stagesMs } = result;
  const stages = stagesMs === undefined ? html`` : renderTable(stageTable(stagesMs));
  return html`<h2>What was done, with what, on what</h2>
<div class="side-by-side">
<div>${renderTable(parameters)}${renderTable(environmentTable(result))}</div>
<div>${renderTable(totalsTable(result))}${renderTable(loadTable(result))}${stages}</div>
</div>
<p class="quiet">All of this, and the figures of every second, stand in result.json beside this page.</p>`;
}
