#!/usr/bin/env bun
/**
 * A plugin of protoc and buf that writes straight-line code for the frames of which there are
 * millions; everything else is left to protobuf-es. Options, each any number of times:
 *
 *     read=ClientFrame.send       a reader of a frame (or event) that holds just that field
 *     write=ClientFrame.send      a writer of it, from strings
 *     lay=Message                 a writer whose text is UTF-8 already and lies in other bytes
 *     tag=ServerFrame.events      the field's tag as a constant
 *     without=Message.deleted     a field that readers and writers leave out: a reader returns false
 *                                 for a frame that has it
 *
 * and once, `scalars=../scalars.ts`: where the written file finds src/wire/scalars.ts; that is the
 * default.
 *
 * A path begins at a message of the contract and follows its fields. Of the messages on the way, the
 * scalar fields come along, such as the `request` of an event. Only what hot messages have is
 * supported (uint32, double, bool, string, repeated string), and anything else is an error when the
 * code is generated.
 */
import type { DescFile } from "@bufbuild/protobuf";
import { createEcmaScriptPlugin, runNodeJs } from "@bufbuild/protoplugin";
import { constantOf, Path, tagOf } from "./path.ts";
import { printReader } from "./reader.ts";
import { printWriter } from "./writer.ts";

const kinds = ["read", "write", "lay", "tag"] as const;

interface Order {
  readonly kind: (typeof kinds)[number];
  readonly path: string;
}

interface Options {
  readonly orders: readonly Order[];
  readonly without: ReadonlySet<string>;
  readonly scalars: string;
}

function parseOptions(options: readonly { key: string; value: string }[]): Options {
  const orders: Order[] = [];
  const without = new Set<string>();
  let scalars = "../scalars.ts";
  for (const { key, value } of options) {
    const kind = kinds.find((known) => known === key);
    if (kind !== undefined) orders.push({ kind, path: value });
    else if (key === "without") without.add(value);
    else if (key === "scalars") scalars = value;
    else throw new Error(`straight-line: no option ${key}`);
  }
  return { orders, without, scalars };
}

/** What is asked for, as lines of TypeScript, a blank line in front of each. */
function carryOut({ orders, without }: Options, files: readonly DescFile[]): string[] {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  for (const { kind, path: text } of orders) {
    const path = new Path(files, text, without);
    print("");
    if (kind === "read") printReader(print, path);
    else if (kind === "tag") print(`export const ${constantOf(path)} = ${tagOf(path)};`);
    else printWriter(print, path, kind === "write" ? "strings" : "bytes");
  }
  return lines;
}

/** The functions of src/wire/scalars.ts that generated code may call. */
const helpers = [
  ...["copyRange", "isText", "putDouble", "putLength", "putText", "putVarint"],
  ...["readDouble", "readVarint", "varintBytes"],
];

export const plugin = createEcmaScriptPlugin<Options>({
  name: "straight-line",
  version: "1",
  parseOptions,
  generateTs(schema) {
    const { scalars } = schema.options;
    const lines = carryOut(schema.options, schema.files);
    const code = lines.join("\n");
    const used = helpers.filter((name) => code.includes(`${name}(`));
    const file = schema.generateFile("straight_line.ts");
    file.print(
      "// Written by proto/plugin/straight_line.ts from the contract. Change that, not this.",
    );
    file.print("// What is hot here is watched by `bun run bench serialization`.");
    if (used.length > 0) file.print(`import { ${used.join(", ")} } from "${scalars}";`);
    for (const line of lines) file.print(line);
  },
});

if (import.meta.main) runNodeJs(plugin);
