/** A thread that gives back what it is handed: all that is left of the writer thread is the way. */
import { answerCalls } from "../../src/store/thread.ts";

const calls = {
  echo: (bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => bytes,
};

export type EchoCalls = typeof calls;

answerCalls(calls, (_, value) => [(value as Uint8Array<ArrayBuffer>).buffer]);
