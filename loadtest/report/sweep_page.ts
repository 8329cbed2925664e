/** The script of sweep.html. Runs in the browser. */
import type { Sweep } from "../sweep.ts";
import { sweepFigures } from "./charts/sweep_figures.ts";
import { drawCharts, pageData } from "./live_charts.ts";

const sweep = pageData<Sweep>();
drawCharts(new Map(sweepFigures.map((figure) => [figure.id, figure.option(sweep)])));
