/**
 * The due time in a message: the first word of its body is the microseconds since the epoch in base
 * 36, so that any receiver on this machine can tell how late the message came.
 */

const SPACE = 0x20;

/** The stamp of a due time, rounded to whole microseconds. */
export function stampOf(dueUs: number): string {
  return Math.round(dueUs).toString(36);
}

/** Hot. The due time at the beginning of a body, or 0 where there is none: somebody else's message. */
export function readStamp(body: Uint8Array, from: number, to: number): number {
  let dueUs = 0;
  for (let at = from; at < to; at++) {
    const byte = body[at] as number;
    if (byte >= 0x61 && byte <= 0x7a) dueUs = dueUs * 36 + byte - 0x57;
    else if (byte >= 0x30 && byte <= 0x39) dueUs = dueUs * 36 + byte - 0x30;
    else return byte === SPACE ? dueUs : 0;
  }
  return dueUs;
}

/** The same of a body that is a string already. */
export function readStampOfText(body: string): number {
  const end = body.indexOf(" ");
  const word = end < 0 ? body : body.slice(0, end);
  return /^[0-9a-z]+$/.test(word) ? Number.parseInt(word, 36) : 0;
}
