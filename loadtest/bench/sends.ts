import type { BatchWriter } from "../../src/store/batch.ts";
import { ClientFrameSendReader, putClientFrameSend } from "../../src/wire/gen/straight_line.ts";
import { type SampleMessage, sampleMessages } from "./sample_messages.ts";

const utf8 = new TextEncoder();

/** The frame of a send, as a client sends it. */
export function sendFrameOf({ request, channel, nonce, body }: SampleMessage): Buffer {
  const frame = Buffer.alloc(64 + nonce.length + body.length);
  return Buffer.from(
    frame.subarray(0, putClientFrameSend(frame, 0, request, channel, nonce, body)),
  );
}

/** A send that has been read, and who sent it. */
export interface SampleSend {
  readonly send: ClientFrameSendReader;
  readonly author: { readonly id: number; readonly nameBytes: Uint8Array };
  readonly timeMs: number;
  readonly nonceBytes: Uint8Array;
}

export const sampleSends: readonly SampleSend[] = sampleMessages.map((message) => {
  const send = new ClientFrameSendReader();
  const frame = sendFrameOf(message);
  if (!send.read(frame, 0, frame.length)) throw new Error("bench: the reader refuses a send");
  return {
    send,
    author: { id: message.authorId, nameBytes: utf8.encode(message.author) },
    timeMs: message.timeMs,
    nonceBytes: frame.subarray(send.nonceBegin, send.nonceEnd),
  };
});

/** The time that the next nonce begins with, in ms. */
let nonceMs = 1_764_000_001_000;

/** A batch of so many messages, whose nonces begin with times that go up, as those of clients do. */
export function fillBatch(batch: BatchWriter, messages: number): Uint8Array<ArrayBuffer> {
  for (let index = 0; index < messages; index++) {
    const { send, author, timeMs, nonceBytes } = sampleSends[index % 64] as SampleSend;
    // The first 48 bits of a UUIDv7: see src/client/nonce.ts.
    const time = (nonceMs++).toString(16).padStart(12, "0");
    utf8.encodeInto(`${time.slice(0, 8)}-${time.slice(8)}`, nonceBytes);
    batch.addMessage(send, author, timeMs);
  }
  return batch.take();
}
