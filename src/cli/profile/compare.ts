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
    const [first, second] = (await Promise.all(paths.map(readProfile))).map((profile, index) =>
      pagedProfile(names[index] ?? "", profile),
    );
    if (first === undefined || second === undefined) throw new Error("cli/profile: two are read");
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
