/** The script of report.html. Runs in the browser. */
import type { Result } from "../result.ts";
import { figures } from "./charts/figures.ts";
import { drawCharts, pageData } from "./live_charts.ts";

const result = pageData<Result>();
drawCharts(new Map(figures.map((figure) => [figure.id, figure.option(result)])));
