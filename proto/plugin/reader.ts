import type { Path, Step, Value } from "./path.ts";

/** Takes generated code line by line. */
export type Print = (line: string) => void;

/** Prints a class that reads a path's bytes where they lie. */
export function printReader(print: Print, path: Path): void {
  const { values } = path;
  print("/**");
  print(
    ` * Reads \`${path.text}\` where it lies. Text stays bytes: it is \`bytes\` from \`...Begin\` up to`,
  );
  if (values.some(({ kind }) => kind === "texts")) {
    print(
      " * `...End`; of texts there are `...Count`, and beyond that the arrays mean nothing. One",
    );
    print(" * reader serves for any number of frames; its fields hold the last one's.");
  } else {
    print(
      " * `...End`. One reader serves for any number of frames; its fields hold the last one's.",
    );
  }
  print(" */");
  print(`export class ${path.name}Reader {`);
  print("  bytes: Uint8Array = new Uint8Array(0);");
  for (const value of values) printFields(print, value);
  print("");
  print("  /**");
  print(
    "   * Hot. Reads what lies in `bytes` from `begin` up to `end`, laid as encoders lay it: fields in the",
  );
  print(
    "   * order of their numbers, each once, in as few bytes as can be. Returns false for anything else,",
  );
  print("   * right or wrong, which is left to the general decoder; the fields mean nothing then.");
  print("   */");
  print("  read(bytes: Uint8Array, begin: number, end: number): boolean {");
  print("    let at = begin;");
  print("    let varint = 0;");
  print("    this.bytes = bytes;");
  printSteps(print, path.steps);
  print("    return at === end;");
  print("  }");
  print("}");
}

function printFields(print: Print, { name, kind }: Value): void {
  switch (kind) {
    case "string":
      print(`  ${name}Begin = 0;`);
      print(`  ${name}End = 0;`);
      break;
    case "texts":
      print(`  ${name}Count = 0;`);
      print(`  readonly ${name}Begin: number[] = [];`);
      print(`  readonly ${name}End: number[] = [];`);
      break;
    default:
      print(`  ${name} = ${zeroOf(kind)};`);
  }
}

function zeroOf(kind: "uint32" | "double" | "bool"): string {
  return kind === "bool" ? "false" : "0";
}

function printSteps(print: Print, steps: readonly Step[]): void {
  for (const step of steps) {
    print(`    // ${step.place}`);
    if (step.step === "value") printValue(print, step);
    else {
      print(`    if (at >= end || bytes[at] !== ${step.tag}) return false;`);
      print("    varint = readVarint(bytes, at + 1);");
      print("    at += 1 + varintBytes(varint);");
      print("    if (varint < 0 || at + varint !== end) return false;");
      printSteps(print, step.steps);
    }
  }
}

function printValue(print: Print, { name, kind, tag }: Value): void {
  // What lies beyond the end is another frame's, or nobody's.
  const isNext = `at < end && bytes[at] === ${tag}`;
  switch (kind) {
    case "string":
      print(`    this.${name}Begin = this.${name}End = at;`);
      print(`    if (${isNext}) {`);
      print("      varint = readVarint(bytes, at + 1);");
      print("      if (varint < 0) return false;");
      print("      at += 1 + varintBytes(varint);");
      print("      if (at + varint > end || !isText(bytes, at, at + varint)) return false;");
      print(`      this.${name}Begin = at;`);
      print("      at += varint;");
      print(`      this.${name}End = at;`);
      break;
    case "texts":
      print(`    this.${name}Count = 0;`);
      print(`    while (${isNext}) {`);
      print("      varint = readVarint(bytes, at + 1);");
      print("      if (varint < 0) return false;");
      print("      at += 1 + varintBytes(varint);");
      print("      if (at + varint > end || !isText(bytes, at, at + varint)) return false;");
      print(`      this.${name}Begin[this.${name}Count] = at;`);
      print("      at += varint;");
      print(`      this.${name}End[this.${name}Count++] = at;`);
      break;
    case "double":
      print(`    this.${name} = 0;`);
      print(`    if (${isNext}) {`);
      print(`      this.${name} = readDouble(bytes, at + 1);`);
      print("      at += 9;");
      break;
    case "bool":
      print(`    this.${name} = false;`);
      print(`    if (${isNext}) {`);
      print("      if (bytes[at + 1] !== 1) return false;");
      print(`      this.${name} = true;`);
      print("      at += 2;");
      break;
    case "uint32":
      print(`    this.${name} = 0;`);
      print(`    if (${isNext}) {`);
      print("      varint = readVarint(bytes, at + 1);");
      print("      if (varint < 0) return false;");
      print(`      this.${name} = varint;`);
      print("      at += 1 + varintBytes(varint);");
      break;
  }
  print("    }");
}
