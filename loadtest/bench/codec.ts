/** One way to turn a content into bytes and back. */
export interface Codec<Value> {
  readonly name: string;
  /** From what a sender has in its hands to the bytes, or text, of the frame. */
  readonly serialize: (value: Value) => Uint8Array | string | number;
  /** The frame that `deserialize` is given: a copy, as a socket would bring it. */
  readonly frame: (value: Value) => Uint8Array | string;
  // biome-ignore lint/suspicious/noExplicitAny: each codec takes the frames that it made itself.
  readonly deserialize: (frame: any) => unknown;
  /** What was found by `deserialize`, which must be what was serialized. */
  readonly found: (result: unknown) => unknown;
}

/** Something to serialize: 64 of a kind, with what every codec has to find in the end. */
export interface Content<Value> {
  readonly title: string;
  readonly note: string;
  readonly values: readonly Value[];
  readonly expected: (value: Value) => unknown;
  /** JSON in front: the others are compared with it. */
  readonly codecs: readonly Codec<Value>[];
}
