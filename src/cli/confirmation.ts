import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { UserCommandError } from "./account_file.ts";

/**
 * Asks on the controlling terminal whether something that cannot be undone shall be done: by typing a word.
 *
 * @throws UserCommandError where there is no terminal, or something else was typed.
 */
export function confirmByTyping(question: string, word: string): void {
  let terminal: number;
  try {
    terminal = openSync("/dev/tty", "r+");
  } catch {
    throw new UserCommandError("There is no terminal to ask on. Say --yes to do it unasked.");
  }
  try {
    writeSync(terminal, `${question}\nType ${word} to go on: `);
    const typed = new Uint8Array(1024);
    const count = readSync(terminal, typed);
    if (new TextDecoder().decode(typed.subarray(0, count)).trim() === word) return;
  } finally {
    closeSync(terminal);
  }
  throw new UserCommandError("Nothing was done.");
}
