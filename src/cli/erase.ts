import type { Database } from "bun:sqlite";
import type { Config } from "../config.ts";
import { erasure } from "../store/erasure.ts";
import { messageChanges, ownMessages } from "../store/message_changes.ts";
import { nameKey } from "../wire/names.ts";
import { UserCommandError } from "./account_file.ts";
import { confirmByTyping } from "./confirmation.ts";
import { counted } from "./counted.ts";
import { say } from "./say.ts";
import { emptyWal, inSteps, onFile, step, untilSeen, WAL_REMAINS } from "./steps.ts";

/** Messages emptied in one transaction: it takes some milliseconds. */
const MESSAGES_PER_STEP = 100;
/** Rows that are gone through for the account's messages at a time. */
const ROWS_PER_LOOK = 20_000;

export interface EraseOptions {
  /** Do not ask. */
  readonly yes: boolean;
  /** Keep the texts, without the author. */
  readonly keepMessages: boolean;
}

/**
 * `hubbub erase`: removes everything that the database holds of a user; each channel's numbers stay whole.
 * Given again, it goes on where it was broken off.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function eraseUser(
  config: Config,
  name: string,
  { yes, keepMessages }: EraseOptions,
): Promise<void> {
  await onFile(config, async (db) => {
    const account = db
      .query<{ id: number }, [string]>("SELECT id FROM account WHERE name_key = ?")
      .get(nameKey(name));
    if (account === null) {
      throw new UserCommandError(`There is no account ${name}: there is nothing to erase.`);
    }
    const what = keepMessages ? "The texts stay, without the name." : "The texts go, too.";
    if (!yes) confirmByTyping(`This erases the account ${name} for ever. ${what}`, name);
    const { id } = account;
    const steps = erasure(db);
    step(db, () => steps.begin(id, Date.now()));
    // What was on its way to the disk when the connections were closed is found after that.
    await untilSeen();
    const messages = await eraseMessages(db, config, id, keepMessages);
    step(db, () => steps.finish(id));
    say(
      `${name} is erased: the account, its sign-ins, factors and memberships; ${counted(messages, "message")} ${keepMessages ? "without a name" : "emptied"}.`,
    );
    say("Backups, logs and what others have read or exported still have what they had.");
    if (!(await emptyWal(db, config))) say(WAL_REMAINS);
  });
}

/** Returns how many there were to do. */
async function eraseMessages(
  db: Database,
  config: Config,
  account: number,
  keepsBodies: boolean,
): Promise<number> {
  const changes = messageChanges(db);
  let messages = 0;
  for (let from: number | undefined = 0; from !== undefined; ) {
    const stretch = ownMessages(db, account, from, ROWS_PER_LOOK);
    const left = [...stretch.ids];
    messages += left.length;
    await inSteps(db, config, () => {
      changes.disownMessages(account, left.splice(0, MESSAGES_PER_STEP), keepsBodies);
      return left.length > 0;
    });
    from = stretch.next;
  }
  return messages;
}
