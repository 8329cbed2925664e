import { statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { ServerProfile } from "../../monitor/cpu_profile.ts";
import { isProfile } from "./fetch_profile.ts";

/** What the profile is called in its folder. */
export const PROFILE_FILE = "server.cpuprofile";

/** A profile cannot be read, with a sentence that says why. */
export class UnreadableProfile extends Error {
  override readonly name = "UnreadableProfile";
}

/**
 * Reads a profile from its file, or from the folder it was left in.
 *
 * @throws UnreadableProfile.
 */
export async function readProfile(path: string): Promise<ServerProfile> {
  const file = isFolder(path) ? join(path, PROFILE_FILE) : path;
  let value: unknown;
  try {
    value = await Bun.file(file).json();
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new UnreadableProfile(isMissing ? `There is no ${file}.` : `${file} cannot be read.`);
  }
  if (isProfile(value)) return value;
  throw new UnreadableProfile(`${file} is no profile that hubbub profile took.`);
}

/** What to call each: its folder, or its file; whole paths where those repeat. */
export function namesOf(paths: readonly string[]): string[] {
  const short = paths.map((path) => {
    const whole = resolve(path);
    return basename(whole) === PROFILE_FILE
      ? basename(dirname(whole))
      : basename(whole, ".cpuprofile");
  });
  return new Set(short).size === short.length ? short : [...paths];
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
