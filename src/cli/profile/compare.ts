import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { complain } from "../complaints.ts";
import { compareText } from "./compare_text.ts";
import { comparedTables } from "./compared.ts";
import { profilePage } from "./page.ts";
import { pagedProfile } from "./page_data.ts";
import { namesOf, readProfile, UnreadableProfile } from "./read.ts";

/**
 * `hubbub profile compare`: prints before and after, and with a folder leaves `compare.html`, which
 * has both flame graphs.
 *
 * @returns the exit code: 0, or 1 where one cannot be read.
 */
export async function compareProfiles(
  before: string,
  after: string,
  out: string | undefined,
): Promise<number> {
  const paths = [before, after];
  const names = namesOf(paths);
  try {
    // One after the other, so that the first that is wrong is the one that is told.
    const first = pagedProfile(names[0] ?? before, await readProfile(before));
    const second = pagedProfile(names[1] ?? after, await readProfile(after));
    process.stdout.write(compareText(names, comparedTables(first.table, second.table)));
    if (out === undefined) return 0;
    mkdirSync(out, { recursive: true });
    const title = `CPU profiles compared: ${names.join(", ")}`;
    await Bun.write(
      join(out, "compare.html"),
      await profilePage({ title, profiles: [first, second] }),
    );
    process.stderr.write(`\nBoth flame graphs are in ${join(out, "compare.html")}.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UnreadableProfile)) throw error;
    complain(error.message);
    return 1;
  }
}
