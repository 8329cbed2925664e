import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Packr } from "msgpackr";
import type { Codec } from "./codec.ts";

/** What JSON, MessagePack and protobuf-es make of a content; `plain` is the same for all of them. */
interface Forms<Value, Desc extends DescMessage> {
  readonly plain: (value: Value) => unknown;
  readonly schema: Desc;
  readonly message: (value: Value) => MessageShape<Desc>;
  /** What is in a decoded message, as `plain` has it. */
  readonly plainOf: (message: MessageShape<Desc>) => unknown;
}

/** MessagePack as every language reads it: maps with their keys, without msgpackr's own records. */
const packr = new Packr({ useRecords: false });

interface Prepared<Desc extends DescMessage> {
  readonly plain: unknown;
  readonly message: MessageShape<Desc>;
}

/** What has all forms of a content beside the values themselves, made before anything is measured. */
export type WithForms<Value, Desc extends DescMessage> = Value & { readonly forms: Prepared<Desc> };

export function prepare<Value, Desc extends DescMessage>(
  values: readonly Value[],
  { plain, message }: Forms<Value, Desc>,
): WithForms<Value, Desc>[] {
  return values.map((value) => ({
    ...value,
    forms: { plain: plain(value), message: message(value) },
  }));
}

/** The codecs that serve for any content. Each takes a finished object, and gives one. */
export function generalCodecs<Value, Desc extends DescMessage>({
  schema,
  plainOf,
}: Forms<Value, Desc>): Codec<WithForms<Value, Desc>>[] {
  return [
    {
      name: "JSON",
      serialize: ({ forms }) => JSON.stringify(forms.plain),
      frame: ({ forms }) => JSON.stringify(forms.plain),
      deserialize: (text: string) => JSON.parse(text),
      found: (value) => value,
    },
    {
      name: "MessagePack (`msgpackr`)",
      serialize: ({ forms }) => packr.pack(forms.plain),
      frame: ({ forms }) => packr.pack(forms.plain).slice(),
      deserialize: (bytes: Uint8Array) => packr.unpack(bytes),
      found: (value) => value,
    },
    {
      name: "protobuf (`@bufbuild/protobuf`)",
      serialize: ({ forms }) => toBinary(schema, forms.message),
      frame: ({ forms }) => toBinary(schema, forms.message),
      deserialize: (bytes: Uint8Array) => fromBinary(schema, bytes),
      found: (message) => plainOf(message as MessageShape<Desc>),
    },
  ];
}
