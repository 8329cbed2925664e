import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { complain, misuseOf, type ServerOptions, sentenceOf } from "../complaints.ts";
import { fetchProfile } from "./fetch_profile.ts";
import { profilePage } from "./page.ts";
import { pagedProfile } from "./page_data.ts";
import { PROFILE_FILE } from "./read.ts";
import { tableText } from "./table_text.ts";

export interface TakeOptions extends ServerOptions {
  readonly seconds: number;
  readonly intervalUs: number;
  /** The folder for the files; made if there is none. */
  readonly out: string;
}

/**
 * `hubbub profile`: has a running server take a CPU profile, leaves `server.cpuprofile`,
 * `profile.html` and `profile.json`, and prints the table.
 *
 * @returns the exit code: 0, 1 where it did not come about, 2 where the options cannot be used.
 */
export async function takeProfile(options: TakeOptions): Promise<number> {
  const complaint = misuseOf(options);
  if (complaint !== undefined) {
    complain(complaint);
    return 2;
  }
  const { url, user = "", seconds, intervalUs, out } = options;
  try {
    // Before the profile, which would be lost if there were no place for it.
    mkdirSync(out, { recursive: true });
    const profile = await fetchProfile({ url, user, seconds, intervalUs });
    const paged = pagedProfile("server", profile);
    await Bun.write(join(out, PROFILE_FILE), JSON.stringify(profile));
    await Bun.write(join(out, "profile.json"), `${JSON.stringify(paged.table, undefined, 2)}\n`);
    const page = await profilePage({ title: "CPU profile of Hubbub", profiles: [paged] });
    await Bun.write(join(out, "profile.html"), page);
    process.stdout.write(tableText(paged.table));
    process.stderr.write(`\nThe profile is in ${out}; open profile.html for the flame graph.\n`);
    return 0;
  } catch (error) {
    complain(sentenceOf(error));
    return 1;
  }
}
