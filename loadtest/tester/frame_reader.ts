/** Hot. A WebSocket message: its payload lies in `bytes` from `from` up to `to`. */
export type OnFrame = (opcode: number, bytes: Uint8Array, from: number, to: number) => void;

const CONTINUATION = 0;
const FIRST_CONTROL_OPCODE = 8;

/**
 * Cuts a stream of bytes into the WebSocket messages of a server (RFC 6455, section 5): never
 * masked, no extensions. What is whole in one read is handed out where it lies, without a copy.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The beginning of a frame whose rest has not come. */
  #rest: Uint8Array | undefined;
  /** Parts of a message that was sent in fragments, and its opcode. */
  #fragments: Uint8Array[] = [];
  #fragmentsOpcode = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  read(received: Uint8Array): void {
    const bytes = this.#rest === undefined ? received : Buffer.concat([this.#rest, received]);
    this.#rest = undefined;
    let at = 0;
    for (;;) {
      if (at + 2 > bytes.length) break;
      const first = bytes[at] as number;
      let length = bytes[at + 1] as number;
      let begin = at + 2;
      if (length === 126) {
        if (at + 4 > bytes.length) break;
        length = (bytes[at + 2] as number) * 256 + (bytes[at + 3] as number);
        begin = at + 4;
      } else if (length === 127) {
        if (at + 10 > bytes.length) break;
        length = new DataView(bytes.buffer, bytes.byteOffset + at + 6).getUint32(0);
        begin = at + 10;
      }
      const end = begin + length;
      if (end > bytes.length) break;
      const opcode = first & 0x0f;
      if (first >= 0x80 && opcode !== CONTINUATION) this.#onFrame(opcode, bytes, begin, end);
      else this.#fragment(first >= 0x80, opcode, bytes.slice(begin, end));
      at = end;
    }
    if (at < bytes.length) this.#rest = at === 0 ? bytes : bytes.slice(at);
  }

  #fragment(isLast: boolean, opcode: number, part: Uint8Array): void {
    if (opcode >= FIRST_CONTROL_OPCODE) throw new Error("a control frame came in fragments");
    if (opcode !== CONTINUATION) this.#fragmentsOpcode = opcode;
    this.#fragments.push(part);
    if (!isLast) return;
    const whole = Buffer.concat(this.#fragments.splice(0));
    this.#onFrame(this.#fragmentsOpcode, whole, 0, whole.length);
  }
}
