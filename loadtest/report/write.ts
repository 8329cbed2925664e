import { join } from "node:path";
import type { Result } from "../result.ts";
import { renderPng } from "./render_png.ts";
import { reportHtml } from "./report_html.ts";
import { reportPicture } from "./report_picture.ts";

/**
 * Writes `report.html` and `report.png` into the folder, which must exist, over those of an earlier
 * run. Takes a second or two of a core, so call it when the run is over. Rejects if it cannot write.
 */
export async function writeReport(result: Result, folder: string): Promise<void> {
  await Bun.write(join(folder, "report.html"), await reportHtml(result));
  await Bun.write(join(folder, "report.png"), renderPng(reportPicture(result)));
}
