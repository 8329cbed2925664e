import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { plugin } from "../../proto/plugin/straight_line.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { anyDouble, anyText, anyUint32 } from "./values.ts";

setDefaultTimeout(60_000);

const repository = join(import.meta.dir, "../..");
/** A contract of the test's own. */
const contract = `
  syntax = "proto3";
  package test.v1;

  // The fields are not declared in the order of their numbers.
  message Mixed {
    string last = 15;
    repeated string items = 3;
    double number = 2;
    bool is_set = 7;
    string text = 1;
  }

  message Outer {
    uint32 request = 1;
    oneof command {
      uint32 other = 2;
      Inner inner = 3;
      Empty empty = 4;
    }
    oneof late_command {
      uint32 later = 9;
    }
  }
  message Inner {
    string name = 1;
    Flat flat = 2;
  }
  message Flat { uint32 value = 1; }
  message Empty {}

  message Late {
    Flat flat = 2;
    uint32 value = 3;
  }
  message Texts { Items items = 1; }
  message Items { repeated string texts = 1; }
  message Far { uint32 value = 16; }
  message Optional { optional uint32 value = 1; }
  message Signed { int32 value = 1; }
  message Long { uint64 value = 1; }
  message Bytes { bytes value = 1; }
  message Numbers { repeated uint32 values = 1; }
  message Map { map<string, string> values = 1; }
`;

let folder: string;
/** The contract, as the compiler hands it to plugins. */
let files: FileDescriptorSet;

beforeAll(() => {
  folder = makeFolder();
  mkdirSync(join(folder, "test/v1"), { recursive: true });
  writeFileSync(join(folder, "test/v1/test.proto"), contract);
  const buf = join(repository, "node_modules/.bin/buf");
  const built = Bun.spawnSync([buf, "build", "--output", "test.binpb", "."], { cwd: folder });
  expect([built.stderr.toString(), built.exitCode]).toEqual(["", 0]);
  files = fromBinary(FileDescriptorSetSchema, readFileSync(join(folder, "test.binpb")));
});

afterAll(() => removeFolder(folder));

/** What the plugin writes with these options. */
function generated(...options: string[]): string {
  const request = create(CodeGeneratorRequestSchema, {
    fileToGenerate: ["test/v1/test.proto"],
    parameter: ["target=ts", ...options].join(","),
    protoFile: files.file,
  });
  const [written] = plugin.run(request).file;
  expect(written?.name).toBe("straight_line.ts");
  return written?.content ?? "";
}

describe("the plugin says what it cannot do", () => {
  test.each([
    ["reed=Mixed", "no option reed"],
    ["read=Nobody", "no message Nobody"],
    ["read=Outer.nothing", "no field nothing in Outer.nothing"],
    ["read=Outer.request.more", "no field more in Outer.request.more"],
    ["write=Outer.request", "request is no message"],
    ["read=Outer", "Outer.other is of no known kind"],
    ["read=Late.flat", "Late.value comes after Late.flat"],
    ["write=Texts.items", "Items.texts is repeated within another message"],
    ["lay=Items", "Items.texts cannot be laid"],
    ["write=Inner", "Inner.flat is of no known kind"],
    ["write=Far", "a hot field has a number above 15"],
    ["read=Optional", "Optional.value is of no known kind"],
    ["read=Signed", "Signed.value is of no known kind"],
    ["read=Long", "Long.value is of no known kind"],
    ["read=Bytes", "Bytes.value is of no known kind"],
    ["read=Numbers", "Numbers.values is of no known kind"],
    ["read=Map", "Map.values is of no known kind"],
    ["tag=Mixed", "Mixed is no field"],
  ])("%s: %s", (option, sentence) => {
    expect(() => generated(option)).toThrow(`straight-line: ${sentence}`);
  });
});

describe("the plugin", () => {
  test("imports just what it needs, from where it is told", () => {
    const code = generated("tag=Outer.inner", "tag=Mixed.last");
    expect(code).toStartWith("// Written by proto/plugin");
    expect(code.split("\n").filter((line) => !/^$|^\/\//.test(line))).toEqual([
      "export const OUTER_INNER_TAG = 0x1a;",
      "export const MIXED_LAST_TAG = 0x7a;",
    ]);
    expect(generated("write=Flat", "scalars=../../there.ts")).toContain(
      'import { putVarint } from "../../there.ts";',
    );
  });

  test("writes code that is right for the fields in any order, and for repeated text", async () => {
    const scalars = join(repository, "src/wire/scalars.ts");
    const orders = ["read=Mixed", "write=Mixed", "read=Outer.inner.flat", "write=Outer.inner.flat"];
    const code = generated(...orders, "write=Outer.empty", `scalars=${scalars}`);
    writeFileSync(join(folder, "straight_line.ts"), code);
    const { MixedReader, putMixed, OuterInnerFlatReader, putOuterInnerFlat, putOuterEmpty } =
      await import(join(folder, "straight_line.ts"));

    const registry = createFileRegistry(files);
    const schemaOf = (name: string) => {
      const schema = registry.getMessage(`test.v1.${name}`);
      if (schema === undefined) throw new Error(`no message ${name}`);
      return schema;
    };

    const anyMixed = fc.record({
      text: anyText.map((text) => text.toWellFormed()),
      number: anyDouble,
      items: fc.array(
        anyText.map((text) => text.toWellFormed()),
        { maxLength: 5 },
      ),
      isSet: fc.boolean(),
      last: anyText.map((text) => text.toWellFormed()),
    });
    const into = Buffer.alloc(1024 * 1024);
    const mixedReader = new MixedReader();
    fc.assert(
      fc.property(anyMixed, (mixed) => {
        const { text, number, items, isSet, last } = mixed;
        const schema = schemaOf("Mixed");
        const bytes = toBinary(schema, create(schema, mixed));
        const end = putMixed(into, 5, text, number, items, isSet, last);
        expect(new Uint8Array(into.subarray(5, end))).toEqual(bytes);

        expect(mixedReader.read(into, 5, end)).toBe(true);
        const slice = (begin: number, end: number) => into.toString("utf8", begin, end);
        expect({
          text: slice(mixedReader.textBegin, mixedReader.textEnd),
          number: mixedReader.number,
          items: Array.from({ length: mixedReader.itemsCount }, (_, index) =>
            slice(mixedReader.itemsBegin[index], mixedReader.itemsEnd[index]),
          ),
          isSet: mixedReader.isSet,
          last: slice(mixedReader.lastBegin, mixedReader.lastEnd),
        }).toEqual(mixed);
        expect(mixedReader.read(into, 5, end - 1)).toBe(end === 5);
      }),
    );

    const outerReader = new OuterInnerFlatReader();
    fc.assert(
      fc.property(
        anyUint32,
        anyText.map((text) => text.toWellFormed()),
        anyUint32,
        (request, name, value) => {
          const schema = schemaOf("Outer");
          const flat = create(schemaOf("Flat"), { value });
          const inner = create(schemaOf("Inner"), { name, flat });
          const outer = create(schema, {
            request,
            command: { case: "inner", value: inner },
          });
          const bytes = toBinary(schema, outer);
          const end = putOuterInnerFlat(into, 0, request, name, value);
          expect(new Uint8Array(into.subarray(0, end))).toEqual(bytes);
          expect(outerReader.read(bytes, 0, bytes.length)).toBe(true);
          expect([outerReader.request, outerReader.value]).toEqual([request, value]);
        },
      ),
    );
    expect([...into.subarray(0, putOuterEmpty(into, 0, 1))]).toEqual([0x08, 1, 0x22, 0]);
  });
});
