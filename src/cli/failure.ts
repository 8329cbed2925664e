import { harmless } from "./harmless_text.ts";

type ErrorKind = abstract new (...args: never[]) => Error;

/**
 * What a command says that failed: the sentence of an error that was to be expected, what the system refused,
 * or else, as it is a mistake of ours, the stack. Undefined where whoever read the output has gone, which
 * needs no words.
 *
 * @param expected errors whose message is a sentence for the operator.
 */
export function failureText(error: unknown, expected: readonly ErrorKind[]): string | undefined {
  if (!(error instanceof Error)) return String(error);
  if (expected.some((kind) => error instanceof kind)) return harmless(error.message, "  ");
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error.stack ?? error.message;
  if (code === "EPIPE") return undefined;
  return harmless(`The system refuses it: ${error.message}.`, "  ");
}

/** Ends the process with such a text, on standard error. */
export function failWith(error: unknown, expected: readonly ErrorKind[]): void {
  const text = failureText(error, expected);
  if (text !== undefined) process.stderr.write(`hubbub: ${text}\n`);
  process.exitCode = 1;
}
