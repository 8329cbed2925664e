/** The script of compare.html. Runs in the browser. */
import { compareFigures } from "./charts/compare_figures.ts";
import type { Compared } from "./compared.ts";
import { drawCharts, pageData } from "./live_charts.ts";

const runs = pageData<readonly Compared[]>();
drawCharts(new Map(compareFigures.map((figure) => [figure.id, figure.option(runs)])));
