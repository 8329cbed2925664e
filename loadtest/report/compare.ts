import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { compareHtml } from "./compare_html.ts";
import { comparePicture } from "./compare_picture.ts";
import { compareText } from "./compare_table.ts";
import { readResult, UnreadableResult } from "./read.ts";
import { renderPng } from "./render_png.ts";

/**
 * Compares two or more `result.json`, each with the first: prints the table, and with a folder writes
 * `compare.html` and `compare.png` into it (made if need be).
 *
 * @throws UnreadableResult with a sentence for people, before anything is printed or written.
 */
export async function runCompare(files: readonly string[], out?: string): Promise<void> {
  if (files.length < 2) {
    throw new UnreadableResult("compare needs two result.json files at least.");
  }
  const names = namesOf(files);
  const results = await Promise.all(files.map(readResult));
  const compared = results.map((result, index) => ({ name: names[index] ?? "", result }));
  process.stdout.write(compareText(compared));
  if (out === undefined) return;
  await mkdir(out, { recursive: true });
  await Bun.write(join(out, "compare.html"), await compareHtml(compared));
  await Bun.write(join(out, "compare.png"), renderPng(comparePicture(compared)));
}

/** Names for files: the folder's for a `result.json`, the file's for others; whole paths where those repeat. */
function namesOf(files: readonly string[]): string[] {
  const short = files.map((file) => {
    const name =
      basename(file) === "result.json" ? basename(dirname(file)) : basename(file, ".json");
    return name === "" || name === "." ? file : name;
  });
  return new Set(short).size === files.length ? short : [...files];
}
