import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { Nested, Path, Step, Value } from "./path.ts";

/** Where the text of what is written comes from: strings, or ranges of other bytes. */
type Text = "strings" | "bytes";

/** Prints a function that writes a path's bytes. */
export function printWriter(file: GeneratedFile, path: Path, text: Text): void {
  const print = (line = "") => file.print(line);
  const { name, values, steps } = path;
  print("/**");
  print(
    ` * Hot. Writes \`${path.text}\` at \`at\`, where there must be room; returns the place after it.`,
  );
  if (text === "bytes") {
    print(" * Text is UTF-8 already: `...Begin` up to `...End` of `...Bytes`.");
  }
  print(" */");
  print(`export function put${name}(`);
  print(`  into: ${text === "strings" && hasText(values) ? "Buffer" : "Uint8Array"},`);
  print("  at: number,");
  for (const value of values)
    for (const parameter of parametersOf(value, text)) print(`  ${parameter},`);
  print("): number {");
  for (const value of values.filter(({ kind }) => kind === "string")) {
    const { name } = value;
    print(
      `  const ${name}Length = ${text === "strings" ? `Buffer.byteLength(${name})` : `${name}End - ${name}Begin`};`,
    );
  }
  printLengths(print, steps);
  print("  let place = at;");
  printSteps(print, steps, text);
  print("  return place;");
  print("}");
}

function hasText(values: readonly Value[]): boolean {
  return values.some(({ kind }) => kind === "string");
}

function parametersOf({ name, kind }: Value, text: Text): string[] {
  if (kind !== "string") return [`${name}: ${kind === "bool" ? "boolean" : "number"}`];
  if (text === "strings") return [`${name}: string`];
  return [`${name}Bytes: Uint8Array`, `${name}Begin: number`, `${name}End: number`];
}

/** The lengths of nested messages, the innermost first. */
function printLengths(print: (line: string) => void, steps: readonly Step[]): void {
  for (const step of steps) {
    if (step.step === "value") continue;
    printLengths(print, step.steps);
    print(`  const ${step.name}Length =`);
    print(`    ${step.steps.map(lengthOf).join(" +\n    ")};`);
  }
}

function lengthOf(step: Step): string {
  const { name } = step;
  if (step.step === "nested") return `1 + varintBytes(${name}Length) + ${name}Length`;
  switch (step.kind) {
    case "uint32":
      return `(${name} === 0 ? 0 : 1 + varintBytes(${name}))`;
    case "bool":
      return `(${name} ? 2 : 0)`;
    case "double":
      return `(${name} === 0 ? 0 : 9)`;
    case "string":
      return `(${name}Length === 0 ? 0 : 1 + varintBytes(${name}Length) + ${name}Length)`;
  }
}

function printSteps(print: (line: string) => void, steps: readonly Step[], text: Text): void {
  for (const step of steps) {
    if (step.step === "nested") printNested(print, step, text);
    else printValue(print, step, text);
  }
}

function printNested(
  print: (line: string) => void,
  { name, tag, steps }: Nested,
  text: Text,
): void {
  print(`  into[place] = ${tag};`);
  print(`  place = putVarint(into, place + 1, ${name}Length);`);
  printSteps(print, steps, text);
}

function printValue(print: (line: string) => void, { name, kind, tag }: Value, text: Text): void {
  const isSet = {
    uint32: `${name} !== 0`,
    double: `${name} !== 0`,
    bool: name,
    string: `${name}Length > 0`,
  };
  print(`  if (${isSet[kind]}) {`);
  print(`    into[place] = ${tag};`);
  if (kind === "uint32") print(`    place = putVarint(into, place + 1, ${name});`);
  else if (kind === "double") print(`    place = putDouble(into, place + 1, ${name});`);
  else if (kind === "bool") {
    print("    into[place + 1] = 1;");
    print("    place += 2;");
  } else {
    print(`    place = putVarint(into, place + 1, ${name}Length);`);
    if (text === "strings") print(`    place += into.write(${name}, place);`);
    else print(`    place = copyRange(${name}Bytes, ${name}Begin, ${name}End, into, place);`);
  }
  print("  }");
}
