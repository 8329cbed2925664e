#!/usr/bin/env bun
/**
 * A plugin of protoc and buf that writes straight-line code for the frames of which there are
 * millions; everything else is left to protobuf-es. Options, each any number of times:
 *
 *     read=ClientFrame.send       a reader of a frame (or event) that holds just that field
 *     write=ClientFrame.send      a writer of it, from strings
 *     lay=Message                 a writer whose text is UTF-8 already and lies in other bytes
 *     tag=ServerFrame.events      the field's tag as a constant
 *
 * A path begins at a message of the contract and follows its fields. Of the messages on the way, the
 * scalar fields come along, such as the `request` of an event. Only what hot messages have is
 * supported (uint32, double, bool, string), and anything else is an error when the code is generated.
 */
import { createEcmaScriptPlugin, runNodeJs } from "@bufbuild/protoplugin";
import { constantOf, Path, tagOf } from "./path.ts";
import { printReader } from "./reader.ts";
import { printWriter } from "./writer.ts";

const kinds = ["read", "write", "lay", "tag"] as const;

interface Order {
  readonly kind: (typeof kinds)[number];
  readonly path: string;
}

const plugin = createEcmaScriptPlugin<{ orders: Order[] }>({
  name: "straight-line",
  version: "1",
  parseOptions: (options) => ({
    orders: options.map(({ key, value }) => {
      const kind = kinds.find((known) => known === key);
      if (kind === undefined) throw new Error(`straight-line: no option ${key}`);
      return { kind, path: value };
    }),
  }),
  generateTs(schema) {
    const file = schema.generateFile("straight_line.ts");
    file.print(
      "// Written by proto/plugin/straight_line.ts from the contract. Change that, not this.",
    );
    file.print(
      `import { copyRange, isText, putDouble, putVarint, readDouble, readVarint, varintBytes } from "../scalars.ts";`,
    );
    for (const { kind, path: text } of schema.options.orders) {
      const path = new Path(schema.files, text);
      file.print();
      if (kind === "read") printReader(file, path);
      else if (kind === "tag") file.print(`export const ${constantOf(path)} = ${tagOf(path)};`);
      else printWriter(file, path, kind === "write" ? "strings" : "bytes");
    }
  },
});

runNodeJs(plugin);
