import { openSync, readSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";

const ENTER = new Set(["\r", "\n"]);
const ERASE = new Set(["\b", "\x7f"]);
const CTRL_C = "\x03";
const CTRL_D = "\x04";

/**
 * Asks on the controlling terminal, whatever standard input is, and shows nothing of the answer.
 * Blocks until it is given: a stream that waited for keys would go on taking them from what reads
 * standard input afterwards.
 *
 * @returns undefined where there is no terminal, or the asking was broken off with Ctrl-C or Ctrl-D.
 */
export function askHidden(question: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync("/dev/tty", "r+");
  } catch {
    return undefined;
  }
  const terminal = new ReadStream(descriptor);
  terminal.setRawMode(true);
  writeSync(descriptor, question);
  try {
    return readAnswer(descriptor);
  } finally {
    writeSync(descriptor, "\r\n");
    terminal.setRawMode(false);
    terminal.destroy();
  }
}

function readAnswer(descriptor: number): string | undefined {
  const typed: string[] = [];
  const bytes = new Uint8Array(256);
  const decoder = new TextDecoder();
  for (;;) {
    const count = readSync(descriptor, bytes);
    if (count === 0) return undefined;
    for (const key of decoder.decode(bytes.subarray(0, count), { stream: true })) {
      if (ENTER.has(key)) return typed.join("");
      if (key === CTRL_C || key === CTRL_D) return undefined;
      if (ERASE.has(key)) typed.pop();
      else typed.push(key);
    }
  }
}
