import { dirname } from "node:path";
import { PepperError, pepperFileOf, readPeppers } from "../../auth/pepper_file.ts";
import type { Config } from "../../config.ts";
import { peppersInUse } from "../../store/accounts.ts";
import type { Untouched } from "../../store/untouched.ts";
import { type Finding, fail, ok } from "./finding.ts";

/** Whether every pepper that passwords need is there. */
export function pepperFinding(config: Config, db: Untouched): Finding {
  const inUse = db.reading((open) => peppersInUse(open));
  const needed = [...inUse.keys()].filter((id) => id !== null);
  if (needed.length === 0) return ok("pepper", "No password needs one yet.");
  const file = pepperFileOf(config.pepperFile, dirname(db.path));
  const advice = "Bring the pepper file back from its copy: without it nobody can sign in.";
  try {
    const { byId } = readPeppers(file, false);
    const missing = needed.filter((id) => !byId.has(id));
    if (missing.length === 0) return ok("pepper", `${file} has what the passwords need.`);
    const accounts = missing.reduce((sum, id) => sum + (inUse.get(id) ?? 0), 0);
    const who = accounts === 1 ? "1 account needs" : `${accounts} accounts need`;
    return fail("pepper", `${file} has no pepper ${missing.join(", ")}, which ${who}.`, advice);
  } catch (error) {
    if (!(error instanceof PepperError)) throw error;
    return fail("pepper", error.message, advice);
  }
}
