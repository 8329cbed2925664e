import { type DescField, type DescFile, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** The kinds of values that straight-line code knows. `texts` is a repeated string. */
export type Kind = "uint32" | "double" | "bool" | "string" | "texts";

/** A value that a reader finds or a writer puts. */
export interface Value {
  readonly step: "value";
  /** As a TypeScript variable. */
  readonly name: string;
  readonly kind: Kind;
  readonly tag: string;
  /** Where it stands in the contract: `Send.nonce`. */
  readonly place: string;
}

/** A message within a message. */
export interface Nested {
  readonly step: "nested";
  /** As a TypeScript variable. */
  readonly name: string;
  readonly tag: string;
  readonly place: string;
  readonly steps: readonly Step[];
}

export type Step = Value | Nested;

const LENGTH_DELIMITED = 2;
const wireTypes: Readonly<Record<Kind, number>> = {
  uint32: 0,
  bool: 0,
  double: 1,
  string: LENGTH_DELIMITED,
  texts: LENGTH_DELIMITED,
};
const scalars: ReadonlyMap<ScalarType, Kind> = new Map([
  [ScalarType.UINT32, "uint32"],
  [ScalarType.DOUBLE, "double"],
  [ScalarType.BOOL, "bool"],
  [ScalarType.STRING, "string"],
]);

/** A message of the contract, or a field of one and so on: `ServerFrame.events.sent`. */
export class Path {
  readonly text: string;
  readonly fields: readonly DescField[];
  readonly #root: DescMessage;
  readonly #without: ReadonlySet<string>;

  /** @param without fields that are left out, such as `Message.deleted`. */
  constructor(files: readonly DescFile[], text: string, without: ReadonlySet<string> = new Set()) {
    this.text = text;
    this.#without = without;
    const [first, ...rest] = text.split(".");
    const root = files.flatMap(({ messages }) => messages).find(({ name }) => name === first);
    if (root === undefined) throw new Error(`straight-line: no message ${first}`);
    const fields: DescField[] = [];
    let message: DescMessage | undefined = root;
    for (const name of rest) {
      const field: DescField | undefined = message?.fields.find((known) => known.name === name);
      if (field === undefined) throw new Error(`straight-line: no field ${name} in ${text}`);
      fields.push(field);
      message = field.message;
    }
    this.fields = fields;
    this.#root = root;
  }

  /** What its bytes hold, in the order of the field numbers. */
  get steps(): readonly Step[] {
    return stepsOf(this.#root, this.fields, this.#without);
  }

  /** `ServerFrameEventsSent`. */
  get name(): string {
    return this.text.replace(/(^|[._])([a-zA-Z])/g, (_, __, letter: string) =>
      letter.toUpperCase(),
    );
  }

  /** All values, those of nested messages included, in order. */
  get values(): readonly Value[] {
    return valuesOf(this.steps);
  }
}

function valuesOf(steps: readonly Step[]): Value[] {
  return steps.flatMap((step) => (step.step === "value" ? [step] : valuesOf(step.steps)));
}

/** @param way the fields that lead on; with none, all fields of the message are values. */
function stepsOf(
  message: DescMessage,
  way: readonly DescField[],
  without: ReadonlySet<string>,
): Step[] {
  const fields = message.fields
    .filter((field) => !without.has(placeOf(field)))
    .toSorted((one, other) => one.number - other.number);
  const [next, ...rest] = way;
  if (next === undefined) return fields.map(valueStepOf);
  if (next.message === undefined) throw new Error(`straight-line: ${next.name} is no message`);
  const scalars = fields.filter(({ fieldKind, oneof }) => fieldKind === "scalar" && !oneof);
  const late = scalars.find(({ number }) => number > next.number);
  // The message must be the last thing in its bytes: the reader goes by that.
  if (late) throw new Error(`straight-line: ${placeOf(late)} comes after ${placeOf(next)}`);
  const nested: Nested = {
    step: "nested",
    name: next.localName,
    tag: hex(next.number, LENGTH_DELIMITED),
    place: placeOf(next),
    steps: stepsOf(next.message, rest, without),
  };
  return [...scalars.map(valueStepOf), nested];
}

function valueStepOf(field: DescField): Value {
  const kind = kindOf(field);
  if (kind === undefined) throw new Error(`straight-line: ${placeOf(field)} is of no known kind`);
  const tag = hex(field.number, wireTypes[kind]);
  return { step: "value", name: field.localName, kind, tag, place: placeOf(field) };
}

function kindOf(field: DescField): Kind | undefined {
  if (field.fieldKind === "list" && field.scalar === ScalarType.STRING) return "texts";
  // In a oneof, or `optional`, a zero is something else than nothing.
  const isImplicit = field.presence === FeatureSet_FieldPresence.IMPLICIT;
  return field.fieldKind === "scalar" && isImplicit ? scalars.get(field.scalar) : undefined;
}

/** The tag of the field that a path ends with. */
export function tagOf({ text, fields }: Path): string {
  const field = fields.at(-1);
  if (field === undefined) throw new Error(`straight-line: ${text} is no field`);
  if (field.message !== undefined) return hex(field.number, LENGTH_DELIMITED);
  const value = valueStepOf(field);
  return value.tag;
}

/** `SERVER_FRAME_EVENTS_TAG`. */
export function constantOf({ text }: Path): string {
  const words = text.replace(/([a-z])([A-Z])/g, "$1_$2").replaceAll(".", "_");
  return `${words.toUpperCase()}_TAG`;
}

function placeOf({ parent, name }: DescField): string {
  return `${parent.name}.${name}`;
}

/** A tag of one byte: field number times 8, plus the wire type. */
function hex(number: number, wireType: number): string {
  if (number > 15) throw new Error("straight-line: a hot field has a number above 15");
  return `0x${((number << 3) | wireType).toString(16).padStart(2, "0")}`;
}
