import { closeSync, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";

const ENTER = new Set(["\r", "\n"]);
const ERASE = new Set(["\b", "\x7f"]);
const CTRL_C = "\x03";
const CTRL_D = "\x04";

/**
 * Asks on the controlling terminal, whatever standard input is, and shows nothing of the answer.
 *
 * @returns undefined where there is no terminal, or the asking was broken off with Ctrl-C or Ctrl-D.
 */
export async function askHidden(question: string): Promise<string | undefined> {
  let terminal: number;
  try {
    terminal = openSync("/dev/tty", "r+");
  } catch {
    return undefined;
  }
  const keys = new ReadStream(terminal);
  keys.setRawMode(true);
  writeSync(terminal, question);
  try {
    return await readAnswer(keys);
  } finally {
    keys.setRawMode(false);
    writeSync(terminal, "\n");
    keys.destroy();
    closeIfOpen(terminal);
  }
}

async function readAnswer(keys: ReadStream): Promise<string | undefined> {
  const typed: string[] = [];
  for await (const chunk of keys.setEncoding("utf8") as AsyncIterable<string>) {
    for (const key of chunk) {
      if (ENTER.has(key)) return typed.join("");
      if (key === CTRL_C || key === CTRL_D) return undefined;
      if (ERASE.has(key)) typed.pop();
      else typed.push(key);
    }
  }
  return undefined;
}

/** Destroying the stream closes the descriptor on some platforms and not on others. */
function closeIfOpen(descriptor: number): void {
  try {
    closeSync(descriptor);
  } catch {}
}
