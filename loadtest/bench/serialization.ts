import { deepEquals } from "bun";
import { ackContent } from "./ack_frame.ts";
import type { Codec, Content } from "./codec.ts";
import type { Group } from "./group.ts";
import { messageContent } from "./message_frame.ts";
import { sendContent } from "./send_frame.ts";
import type { Row, Table } from "./table.ts";
import { testMessageContent } from "./test_message.ts";
import { type Effort, timeEach } from "./timing.ts";

const columns = {
  serializeP50: "serialize ns",
  deserializeP50: "deserialize ns",
  totalP50: "total ns",
  totalAvg: "total, mean ns",
  bytes: "bytes",
  ofJson: "of JSON's total",
};

export const serialization: Group = {
  summary: "JSON, MessagePack and protobuf: a test message and the hot frames",
  run: async (effort) => [
    await compared(testMessageContent, effort),
    await compared(sendContent, effort),
    await compared(messageContent, effort),
    await compared(ackContent, effort),
  ],
};

async function compared<Value>(content: Content<Value>, effort: Effort): Promise<Table> {
  const { title, note, values, codecs } = content;
  const rows: Row[] = [];
  let json: number | undefined;
  for (const codec of codecs) {
    check(content, codec);
    const frames = values.map(codec.frame);
    const serialize = await timeEach(effort, values, codec.serialize);
    const deserialize = await timeEach(effort, frames, codec.deserialize);
    const totalP50 = serialize.p50 + deserialize.p50;
    json ??= totalP50;
    rows.push({
      name: codec.name,
      values: {
        serializeP50: serialize.p50,
        deserializeP50: deserialize.p50,
        totalP50,
        totalAvg: serialize.avg + deserialize.avg,
        bytes: frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0) / frames.length,
        ofJson: totalP50 / json,
        serializeAvg: serialize.avg,
        serializeP99: serialize.p99,
        deserializeAvg: deserialize.avg,
        deserializeP99: deserialize.p99,
      },
    });
  }
  return { title, note, columns, rows };
}

/** A codec that finds something else than what was put in is not measured. */
function check<Value>({ values, expected }: Content<Value>, codec: Codec<Value>): void {
  for (const value of values) {
    const found = codec.found(codec.deserialize(codec.frame(value)));
    if (!deepEquals(found, expected(value), true)) {
      throw new Error(`bench: ${codec.name} finds ${JSON.stringify(found)}`);
    }
  }
}
