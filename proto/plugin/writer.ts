import type { Nested, Path, Step, Value } from "./path.ts";
import type { Print } from "./reader.ts";

/** Where the text of what is written comes from: strings, or ranges of other bytes. */
type Text = "strings" | "bytes";

/** Prints a function that writes a path's bytes. */
export function printWriter(print: Print, path: Path, text: Text): void {
  const { name, values, steps } = path;
  const takesStrings = text === "strings" && hasText(values);
  print("/**");
  print(
    ` * Hot. Writes \`${path.text}\` at \`at\`, where there must be room; returns the place after it.`,
  );
  if (text === "bytes") {
    print(" * Text is UTF-8 already: `...Begin` up to `...End` of `...Bytes`.");
  }
  print(" */");
  print(`export function put${name}(`);
  print(`  into: ${takesStrings ? "Buffer" : "Uint8Array"},`);
  print("  at: number,");
  for (const value of values)
    for (const parameter of parametersOf(value, text)) print(`  ${parameter},`);
  print("): number {");
  if (text === "bytes") {
    for (const { name, kind } of values) {
      if (kind === "string") print(`  const ${name}Length = ${name}End - ${name}Begin;`);
    }
  }
  printLengths(print, steps, text);
  print("  let place = at;");
  printSteps(print, steps, text);
  print("  return place;");
  print("}");
}

function hasText(values: readonly Value[]): boolean {
  return values.some(({ kind }) => kind === "string" || kind === "texts");
}

function parametersOf({ name, kind, place }: Value, text: Text): string[] {
  switch (kind) {
    case "uint32":
    case "double":
      return [`${name}: number`];
    case "bool":
      return [`${name}: boolean`];
    case "texts":
      if (text === "bytes") throw new Error(`straight-line: ${place} cannot be laid`);
      return [`${name}: readonly string[]`];
    case "string":
      if (text === "strings") return [`${name}: string`];
      return [`${name}Bytes: Uint8Array`, `${name}Begin: number`, `${name}End: number`];
  }
}

/** The lengths of nested messages, the innermost first. */
function printLengths(print: Print, steps: readonly Step[], text: Text): void {
  for (const step of steps) {
    if (step.step === "value") continue;
    printLengths(print, step.steps, text);
    // An estimate is exact for ASCII. To know for certain would mean to look at each text twice.
    print(`  const ${isEstimate(step, text) ? estimateOf(step) : lengthNameOf(step)} =`);
    print(`    ${step.steps.map((inner) => lengthOf(inner, text)).join(" +\n    ") || "0"};`);
  }
}

const lengthNameOf = ({ name }: Nested) => `${name}Length`;
const estimateOf = ({ name }: Nested) => `${name}Estimate`;

function isEstimate({ steps }: Nested, text: Text): boolean {
  return text === "strings" && steps.some((step) => isText(step, text));
}

function isText(step: Step, text: Text): boolean {
  return step.step === "nested" ? isEstimate(step, text) : hasText([step]);
}

function lengthOf(step: Step, text: Text): string {
  const { name } = step;
  if (step.step === "nested") {
    const length = isEstimate(step, text) ? estimateOf(step) : lengthNameOf(step);
    return `1 + varintBytes(${length}) + ${length}`;
  }
  switch (step.kind) {
    case "uint32":
      return `(${name} === 0 ? 0 : 1 + varintBytes(${name}))`;
    case "bool":
      return `(${name} ? 2 : 0)`;
    case "double":
      return `(Object.is(${name}, 0) ? 0 : 9)`;
    case "string": {
      const length = text === "strings" ? `${name}.length` : `${name}Length`;
      return `(${length} === 0 ? 0 : 1 + varintBytes(${length}) + ${length})`;
    }
    case "texts":
      throw new Error(`straight-line: ${step.place} is repeated within another message`);
  }
}

function printSteps(print: Print, steps: readonly Step[], text: Text): void {
  for (const step of steps) {
    if (step.step === "nested") printNested(print, step, text);
    else printValue(print, step, text);
  }
}

function printNested(print: Print, step: Nested, text: Text): void {
  print(`  into[place] = ${step.tag};`);
  if (!isEstimate(step, text)) {
    print(`  place = putVarint(into, place + 1, ${lengthNameOf(step)});`);
    printSteps(print, step.steps, text);
    return;
  }
  const { name } = step;
  print(`  const ${name}At = place + 1;`);
  print(`  const ${name}Reserved = varintBytes(${estimateOf(step)});`);
  print(`  place = ${name}At + ${name}Reserved;`);
  printSteps(print, step.steps, text);
  print(`  place = putLength(into, ${name}At, ${name}Reserved, place);`);
}

function printValue(print: Print, { name, kind, tag }: Value, text: Text): void {
  if (kind === "texts") print(`  for (const one of ${name}) {`);
  else print(`  if (${isSet(name, kind, text)}) {`);
  print(`    into[place] = ${tag};`);
  switch (kind) {
    case "uint32":
      print(`    place = putVarint(into, place + 1, ${name});`);
      break;
    case "double":
      print(`    place = putDouble(into, place + 1, ${name});`);
      break;
    case "bool":
      print("    into[place + 1] = 1;");
      print("    place += 2;");
      break;
    case "texts":
      print("    place = putText(into, place + 1, one);");
      break;
    case "string":
      if (text === "strings") print(`    place = putText(into, place + 1, ${name});`);
      else {
        print(`    place = putVarint(into, place + 1, ${name}Length);`);
        print(`    place = copyRange(${name}Bytes, ${name}Begin, ${name}End, into, place);`);
      }
  }
  print("  }");
}

/** Protobuf leaves out what is zero; a negative zero is not. */
function isSet(name: string, kind: "uint32" | "double" | "bool" | "string", text: Text): string {
  switch (kind) {
    case "uint32":
      return `${name} !== 0`;
    case "double":
      return `!Object.is(${name}, 0)`;
    case "bool":
      return name;
    case "string":
      return text === "strings" ? `${name}.length > 0` : `${name}Length > 0`;
  }
}
