import { harmless } from "./harmless_text.ts";

/**
 * Writes a line to standard output. Names in it may come from a file that was in other hands: whatever they
 * are, a terminal shows them and does not obey them.
 */
export function say(line: string): void {
  process.stdout.write(`${harmless(line, "  ")}\n`);
}
