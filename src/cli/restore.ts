import { Database } from "bun:sqlite";
import { dirname, resolve } from "node:path";
import { PepperError, pepperFileOf, readPeppers } from "../auth/pepper_file.ts";
import type { Config } from "../config.ts";
import { peppersInUse } from "../store/accounts.ts";
import { type Restored, type RestoreOptions, unfinishedRestore } from "../store/backups/restore.ts";
import { restoreBackupInThread } from "../store/backups/thread.ts";
import { counted } from "./counted.ts";
import { say } from "./say.ts";
import { removingUnfinished } from "./unfinished.ts";

/** Names shown of those that something was undone of. */
const NAMES_SHOWN = 20;

/**
 * `hubbub restore`: puts a backup in the place of the database, while no server has it.
 *
 * @throws StoreFileError.
 */
export async function runRestore(
  config: Config,
  file: string,
  options: RestoreOptions,
): Promise<void> {
  const path = resolve(config.data);
  const restored = await removingUnfinished(unfinishedRestore(path), () =>
    restoreBackupInThread(resolve(file), path, options),
  );
  const messages = counted(restored.messages, "message");
  const accounts = counted(restored.accounts, "account");
  say(`${config.data} has what ${file} has: ${messages}, ${accounts}.`);
  if (restored.keptAs !== undefined) say(`The database before is kept: ${restored.keptAs}`);
  say("Its log has a new id: clients forget the numbers they had, and go on with what is here.");
  say(
    options.keepSignIns
      ? "Sign-ins are as they were: one that was ended since the backup is alive again."
      : `Everybody has to sign in again (${restored.endedSignIns.toLocaleString("en")} sign-ins ended).`,
  );
  if (restored.foreignCode.length > 0) {
    const names = restored.foreignCode.join(", ");
    say(`The backup had triggers or views that are not Hubbub's. They were left out: ${names}`);
  }
  tellUndone(restored);
  warnOfPeppers(config);
}

/** What came back that somebody had done away with. */
function tellUndone({ undone }: Restored): void {
  say("What was done since the backup is undone: passwords, factors, roles and disabled accounts");
  say("are as they were then, and recovery codes that were used since are good again.");
  if (undone === undefined) return;
  const groups = [
    [undone.disabled, "Disabled since, and enabled again"],
    [undone.password, "Other passwords since, and the old ones again"],
    [undone.role, "Other roles since, and the old ones again"],
    [undone.made, "Made since, and gone"],
    [undone.erased, "Erased since, and back: erase them again"],
  ] as const;
  for (const [names, what] of groups) {
    if (names.length === 0) continue;
    const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
    say(`  ${what}: ${names.slice(0, NAMES_SHOWN).join(", ")}${more}`);
  }
}

/** The passwords of the backup may need a pepper that is not here. */
function warnOfPeppers(config: Config): void {
  const file = pepperFileOf(config.pepperFile, dirname(resolve(config.data)));
  const db = new Database(resolve(config.data), { readonly: true, strict: true });
  try {
    const needed = [...peppersInUse(db).keys()].filter((id) => id !== null);
    if (needed.length === 0) return;
    const { byId } = readPeppers(file, false);
    if (needed.every((id) => byId.has(id))) return;
    say(
      `${file} lacks a pepper that passwords need. Put the keys that belong to the backup there.`,
    );
  } catch (error) {
    if (!(error instanceof PepperError)) throw error;
    say(error.message);
  } finally {
    db.close();
  }
}
