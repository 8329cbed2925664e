import { create } from "@bufbuild/protobuf";
import type { Codec, Content } from "./codec.ts";
import { TestMessageSchema } from "./gen/hubbub/bench/v1/test_message_pb.ts";
import { putTestMessage, TestMessageReader } from "./gen/straight_line.ts";
import { generalCodecs, prepare, type WithForms } from "./general_codecs.ts";
import { copyUpTo, into, OURS, OURS_WITH_STRINGS } from "./ours.ts";
import { type SampleTestMessage, sampleTestMessages } from "./sample_messages.ts";

type Value = WithForms<SampleTestMessage, typeof TestMessageSchema>;

interface Plain {
  readonly name: string;
  readonly age: number;
  readonly random_float: number;
  readonly items: readonly string[];
}

const plain = ({ name, age, randomFloat, items }: SampleTestMessage): Plain => ({
  name,
  age,
  random_float: randomFloat,
  items,
});

const forms = {
  schema: TestMessageSchema,
  plain,
  message: ({ items, ...fields }: SampleTestMessage) =>
    create(TestMessageSchema, { ...fields, items: [...items] }),
  plainOf: plain,
};

const reader = new TestMessageReader();

function put({ name, age, randomFloat, items }: SampleTestMessage): number {
  return putTestMessage(into, 0, name, age, randomFloat, items);
}

function read(bytes: Uint8Array): TestMessageReader {
  if (!reader.read(bytes, 0, bytes.length)) throw new Error("bench: the reader refuses a message");
  return reader;
}

/** As protobuf-es gives it, but for the type's name. */
function readStrings(bytes: Buffer): Plain {
  const { nameBegin, nameEnd, age, randomFloat, itemsCount, itemsBegin, itemsEnd } = read(bytes);
  const items: string[] = [];
  for (let index = 0; index < itemsCount; index++) {
    items.push(bytes.toString("utf8", itemsBegin[index], itemsEnd[index]));
  }
  const name = bytes.toString("utf8", nameBegin, nameEnd);
  return { name, age, random_float: randomFloat, items };
}

const frame = (value: Value) => copyUpTo(put(value));

const ours: Codec<Value>[] = [
  {
    name: OURS,
    serialize: put,
    frame,
    deserialize: read,
    // Only the check makes strings of it.
    found: (found) => readStrings((found as TestMessageReader).bytes as Buffer),
  },
  {
    name: OURS_WITH_STRINGS,
    serialize: put,
    frame,
    deserialize: readStrings,
    found: (found) => found,
  },
];

export const testMessageContent: Content<Value> = {
  title: "The earlier server's test message",
  note:
    "`name`, `age`, `random_float`, and five short `items`. Our code writes it from strings and leaves text where " +
    "it lies, or, in the last row, makes it into strings.",
  values: prepare(sampleTestMessages, forms),
  expected: plain,
  codecs: [...generalCodecs(forms), ...ours],
};
