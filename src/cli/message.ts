import type { Config } from "../config.ts";
import { messageChanges } from "../store/message_changes.ts";
import { UserCommandError } from "./account_file.ts";
import { idOf } from "./channel.ts";
import { say } from "./say.ts";
import { emptyWal, onFile, step, WAL_REMAINS } from "./steps.ts";

/**
 * `hubbub message delete`: empties a message, for everybody and for ever. Its number stays.
 *
 * @throws UserCommandError, StoreFileError.
 */
export async function deleteMessage(config: Config, channel: string, seq: number): Promise<void> {
  await onFile(config, async (db) => {
    const id = idOf(db, channel);
    const isChanged = step(db, () => messageChanges(db).deleteMessage(id, seq));
    if (isChanged === undefined) {
      throw new UserCommandError(`There is no message ${seq} in ${channel}.`);
    }
    say(`Message ${seq} of ${channel} ${isChanged ? "is deleted" : "was deleted already"}.`);
    if (!(await emptyWal(db, config))) say(WAL_REMAINS);
  });
}
