import { binary } from "../../src/wire/binary.ts";
import { json } from "../../src/wire/json.ts";
import type { Group } from "./group.ts";
import { MainThread } from "./main_thread.ts";
import { sampleMessages } from "./sample_messages.ts";
import { sendFrameOf } from "./sends.ts";
import type { Row } from "./table.ts";
import { type Timing, timeEach, timeOwn, timingColumns } from "./timing.ts";

/** Sends in a batch, each of a connection of its own. */
const BATCH = 64;

const frames = sampleMessages.map(sendFrameOf);
const texts = sampleMessages.map(({ request, channel, nonce, body }) =>
  JSON.stringify({ request, send: { channel, nonce, body } }),
);

export const receive: Group = {
  summary: "from the bytes of a send to the open batch, and the acks of a batch",
  async run(effort) {
    const rows: Row[] = [];
    const add = (name: string, timing: Timing) => rows.push({ name, values: { ...timing } });
    add("decode a send", await timeEach(effort, frames, (frame) => binary.readSend(frame)));
    add(
      "decode it as anything else is (protobuf-es)",
      await timeEach(effort, frames, (frame) => binary.decode(frame)),
    );
    add("decode it from JSON", await timeEach(effort, texts, (text) => json.decode(text)));

    const server = new MainThread(BATCH);
    add(
      "receive a send: decode, budget, membership, into the batch",
      await timeOwn(effort, async () => {
        const began = Bun.nanoseconds();
        server.receive(frames);
        const ns = Bun.nanoseconds() - began;
        await server.settle();
        return ns / BATCH;
      }),
    );
    add(
      `acknowledge it, ${BATCH} in a batch`,
      await timeOwn(effort, async () => {
        server.receive(frames);
        const began = Bun.nanoseconds();
        await server.settle();
        return (Bun.nanoseconds() - began) / BATCH;
      }),
    );
    const note = `Each of ${BATCH} connections sends one message a batch. Nothing is committed or written to a socket.`;
    return [{ title: "Receiving a send", note, columns: timingColumns, rows }];
  },
};
