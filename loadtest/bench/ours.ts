/** What our code is called in the tables; it is measured with text as the server has it, and as strings. */
export const OURS = "protobuf (our generated code)";
export const OURS_WITH_STRINGS = "protobuf (our generated code, text read into strings)";

/** Where our code writes: one buffer for all, as on the server. */
export const into = Buffer.alloc(4096);

/** The frame that has been written, as a socket would bring it. */
export function copyUpTo(end: number): Buffer {
  return Buffer.from(into.subarray(0, end));
}
