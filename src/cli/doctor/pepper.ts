import type { Database } from "bun:sqlite";
import { dirname } from "node:path";
import { PepperError, pepperFileOf, readPeppers } from "../../auth/pepper_file.ts";
import type { Config } from "../../config.ts";
import { peppersInUse } from "../../store/accounts.ts";
import { type Finding, fail, ok } from "./finding.ts";

/** Whether every pepper that passwords need is there. */
export function pepperFinding(config: Config, db: Database, path: string): Finding {
  const needed = [...new Map(peppersInUse(db)).keys()].filter((id) => id !== null);
  if (needed.length === 0) return ok("pepper", "No password needs one yet.");
  const file = pepperFileOf(config.pepperFile, dirname(path));
  const advice = "Bring the pepper file back from its copy: without it nobody can sign in.";
  try {
    const { byId } = readPeppers(file, false);
    const missing = needed.filter((id) => !byId.has(id));
    return missing.length === 0
      ? ok("pepper", `${file} has what the passwords need.`)
      : fail("pepper", `${file} has no pepper ${missing.join(", ")}.`, advice);
  } catch (error) {
    if (!(error instanceof PepperError)) throw error;
    return fail("pepper", error.message, advice);
  }
}
