import { FrameError, type Inflater } from "./inflater.ts";

/** Hot. A WebSocket message: its payload lies in `bytes` from `from` up to `to`. */
export type OnFrame = (opcode: number, bytes: Uint8Array, from: number, to: number) => void;

const CONTINUATION = 0;
const FIRST_CONTROL_OPCODE = 8;
/** The bits that extensions may use, and the one of permessage-deflate (RFC 7692, section 6). */
const RESERVED = 0x70;
const COMPRESSED = 0x40;

/**
 * Cuts a stream of bytes into the WebSocket messages of a server (RFC 6455, section 5): never
 * masked. What is whole in one read, and not compressed, is handed out where it lies, without a copy.
 */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The beginning of a frame whose rest has not come. */
  #rest: Uint8Array | undefined;
  /** Parts of a message that was sent in fragments, and the first byte of the first. */
  #fragments: Uint8Array[] = [];
  #fragmentsFirst = 0;
  /** Set where permessage-deflate was agreed on. */
  inflater: Inflater | undefined;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** @throws FrameError where the server may not send what it has sent. */
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
      if (first < 0x80 || opcode === CONTINUATION) this.#fragment(first, bytes.slice(begin, end));
      else if ((first & RESERVED) === 0) this.#onFrame(opcode, bytes, begin, end);
      else this.#compressed(first, bytes, begin, end);
      at = end;
    }
    if (at < bytes.length) this.#rest = at === 0 ? bytes : bytes.slice(at);
  }

  #fragment(first: number, part: Uint8Array): void {
    const opcode = first & 0x0f;
    if (opcode >= FIRST_CONTROL_OPCODE) throw new FrameError("a control frame came in fragments");
    if (opcode !== CONTINUATION) this.#fragmentsFirst = first;
    else if ((first & RESERVED) !== 0) throw new FrameError("a continuation is marked compressed");
    this.#fragments.push(part);
    if (first < 0x80) return;
    const whole = Buffer.concat(this.#fragments.splice(0));
    const begun = this.#fragmentsFirst;
    if ((begun & RESERVED) === 0) this.#onFrame(begun & 0x0f, whole, 0, whole.length);
    else this.#compressed(begun, whole, 0, whole.length);
  }

  #compressed(first: number, bytes: Uint8Array, from: number, to: number): void {
    const opcode = first & 0x0f;
    if ((first & RESERVED) !== COMPRESSED || opcode >= FIRST_CONTROL_OPCODE) {
      throw new FrameError("a frame has a reserved bit that has no meaning there");
    }
    if (this.inflater === undefined) {
      throw new FrameError("a message is compressed, which was not agreed on");
    }
    const plain = this.inflater.inflate(bytes, from, to);
    this.#onFrame(opcode, plain, 0, plain.length);
  }
}
