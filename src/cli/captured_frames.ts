/** One captured frame, and where it was found. */
export interface Captured {
  /** Counted from 1; 1 for a file of raw bytes. */
  readonly line: number;
  /** Undefined where the line is neither hex nor base64. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * Takes a capture apart.
 *
 * Input of nothing but printable ASCII, tabs and line ends is text, one frame a line; anything else
 * is the raw bytes of one frame. No frame reads as text by accident: its lengths and tags include
 * bytes below 0x20 that are none of those.
 *
 * A line is hex if it consists of pairs of hex digits (blanks, colons and a leading 0x aside), else
 * base64 of either alphabet. A line that could be both is hex: base64 of a frame that happens to
 * have neither a letter beyond F nor an odd length is not worth a flag.
 */
export function readCapture(input: Uint8Array): Captured[] {
  if (!input.every(isText)) return [{ line: 1, bytes: input }];
  return new TextDecoder()
    .decode(input)
    .split(/\r\n|\r|\n/)
    .map((text, index) => ({ text: text.trim(), line: index + 1 }))
    .filter(({ text }) => text !== "")
    .map(({ text, line }) => ({ line, bytes: fromHex(text) ?? fromBase64(text) }));
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/^0x/i, "").replace(/[\s:]/g, "");
  return /^([0-9a-f]{2})+$/i.test(digits) ? Uint8Array.fromHex(digits) : undefined;
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}
