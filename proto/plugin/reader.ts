import type { GeneratedFile } from "@bufbuild/protoplugin";
import type { Path, Step, Value } from "./path.ts";

/** Prints a class that reads a path's bytes where they lie. */
export function printReader(file: GeneratedFile, path: Path): void {
  const print = (line = "") => file.print(line);
  const { values } = path;
  print("/**");
  print(
    ` * Reads \`${path.text}\` where it lies. Text stays bytes: it is \`bytes\` from \`...Begin\` up to`,
  );
  print(" * `...End`. One reader serves for any number of frames; its fields hold the last one's.");
  print(" */");
  print(`export class ${path.name}Reader {`);
  print("  bytes: Uint8Array = new Uint8Array(0);");
  for (const { name, kind } of values) {
    if (kind === "string") {
      print(`  ${name}Begin = 0;`);
      print(`  ${name}End = 0;`);
    } else print(`  ${name} = ${kind === "bool" ? "false" : "0"};`);
  }
  print();
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

function printSteps(print: (line: string) => void, steps: readonly Step[]): void {
  for (const step of steps) {
    print(`    // ${step.place}`);
    if (step.step === "value") printValue(print, step);
    else {
      print(`    if (bytes[at] !== ${step.tag}) return false;`);
      print("    varint = readVarint(bytes, at + 1);");
      print("    at += 1 + varintBytes(varint);");
      print("    if (varint < 0 || at + varint !== end) return false;");
      printSteps(print, step.steps);
    }
  }
}

function printValue(print: (line: string) => void, { name, kind, tag }: Value): void {
  if (kind === "string") {
    print(`    this.${name}Begin = this.${name}End = at;`);
    print(`    if (bytes[at] === ${tag}) {`);
    print("      varint = readVarint(bytes, at + 1);");
    print("      if (varint < 0) return false;");
    print(`      this.${name}Begin = at + 1 + varintBytes(varint);`);
    print(`      at = this.${name}End = this.${name}Begin + varint;`);
    print(`      if (at > end || !isText(bytes, this.${name}Begin, at)) return false;`);
    print("    }");
    return;
  }
  print(`    this.${name} = ${kind === "bool" ? "false" : "0"};`);
  print(`    if (bytes[at] === ${tag}) {`);
  if (kind === "double") {
    print(`      this.${name} = readDouble(bytes, at + 1);`);
    print("      at += 9;");
  } else if (kind === "bool") {
    print("      if (bytes[at + 1] !== 1) return false;");
    print(`      this.${name} = true;`);
    print("      at += 2;");
  } else {
    print("      varint = readVarint(bytes, at + 1);");
    print("      if (varint < 0) return false;");
    print(`      this.${name} = varint;`);
    print("      at += 1 + varintBytes(varint);");
  }
  print("    }");
}
