import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { TestMessageSchema } from "../../loadtest/bench/gen/hubbub/bench/v1/test_message_pb.ts";
import { putTestMessage, TestMessageReader } from "../../loadtest/bench/gen/straight_line.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { anyDouble, anyUint32, anyWellFormedText } from "../wire/values.ts";

// Some forty measurements, and servers and threads to start: more than a slow machine's five seconds.
setDefaultTimeout(300_000);

const PROGRAM = join(import.meta.dir, "../../loadtest/bench/main.ts");

let folder: string;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => removeFolder(folder));

async function bench(...args: string[]) {
  const child = Bun.spawn([process.execPath, PROGRAM, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH ?? "" },
  });
  const [output, errors, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { output, errors, exitCode };
}

interface Kept {
  readonly machine: { readonly cpuModel: string; readonly cores: number };
  readonly versions: { readonly bun: string };
  readonly quick: boolean;
  readonly tables: Readonly<Record<string, readonly KeptTable[]>>;
}

interface KeptTable {
  readonly title: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly { name: string; values: Record<string, number> }[];
}

const codecs = [
  "JSON",
  "MessagePack (`msgpackr`)",
  "protobuf (`@bufbuild/protobuf`)",
  "protobuf (our generated code)",
];
const withStrings = [...codecs, "protobuf (our generated code, text read into strings)"];

/** By group: the titles of its tables, and the names of their rows. */
const expected: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  serialization: {
    "The earlier server's test message": withStrings,
    "A send, from client to server": withStrings,
    "A message, from server to client": withStrings,
    "An acknowledgement, from server to client": codecs,
  },
  receive: {
    "Receiving a send": [
      "decode a send",
      "decode it as anything else is (protobuf-es)",
      "decode it from JSON",
      "receive a send: decode, budget, membership, into the batch",
      "acknowledge it, 64 in a batch",
    ],
  },
  batch: {
    "The open batch": ["add a message", "add a ping"],
    "A batch to another thread and back": ["nothing done there", "committed, not synced"].flatMap(
      (what) => sizes().map((size) => `${size}, ${what}`),
    ),
  },
  commit: {
    "Committing a batch": ["synced", "committed"].flatMap((durability) =>
      sizes().map((size) => `${size}, ${durability}`),
    ),
  },
  trim: {
    "Letting old messages go": ["100 messages, synced", "100 messages, committed"],
  },
  ring: {
    "The ring": [
      "push 8 messages, dropping the oldest",
      "read the last 1 of 8000",
      "read the last 80 of 8000",
      "read the last 7999 of 8000",
      "read what it does not hold",
    ],
  },
  membership: {
    Membership: [
      "connect and disconnect, the user has another connection",
      "join a channel and leave it",
      "join a channel that one is in",
      "connect a user in 10 channels, and disconnect",
    ],
  },
  connect: {
    "Who connects": [
      "check a token",
      "check a token by @elysiajs/jwt",
      "sign a token by @elysiajs/jwt",
      "read account and session",
      "read account, session and channels",
      "identify by token",
      "identify by ticket, its issue included",
      "a request and its headers alone",
    ],
  },
  monitor: {
    "The monitor": [
      "record one duration",
      "a second's sample, with an entry in each distribution",
      "page of 1 row, encoded",
      "page of 100 rows, encoded",
      "answer to a scrape of /metrics",
    ],
  },
  publish: {
    "Publish to sockets on loopback": [10, 100, 400].flatMap((sockets) =>
      ["1 message", "8 messages", "64 messages"].map(
        (messages) => `${sockets} sockets, ${messages} a frame`,
      ),
    ),
  },
};

function sizes(): string[] {
  return ["1 message", "10 messages", "100 messages", "1000 messages"];
}

describe("bun run bench", () => {
  test("measures every place, prints its tables and keeps the figures", async () => {
    const json = join(folder, "bench.json");
    const { output, errors, exitCode } = await bench("--quick", "--json", json);
    expect([errors, exitCode]).toEqual(["", 0]);
    const kept = JSON.parse(readFileSync(json, "utf8")) as Kept;
    expect(kept.quick).toBe(true);
    expect(output.split("\n")[0]).toStartWith(
      `${kept.machine.cpuModel}, ${kept.machine.cores} cores, `,
    );
    expect(output.split("\n")[0]).toContain(`Bun ${Bun.version}`);

    const names = Object.entries(kept.tables).map(([group, tables]) => [
      group,
      Object.fromEntries(tables.map(({ title, rows }) => [title, rows.map(({ name }) => name)])),
    ]);
    expect(Object.fromEntries(names)).toEqual(expected);
    for (const { columns, rows } of Object.values(kept.tables).flat()) {
      expect(output).toContain(`| ${["", ...Object.values(columns)].join(" | ")} |`);
      for (const { name, values } of rows) {
        // As many cells as columns, none of them empty.
        const line = output.split("\n").find((line) => line.startsWith(`| ${name} |`)) ?? "";
        expect(line.split("|").slice(2, -1)).toHaveLength(Object.keys(columns).length);
        expect(Object.keys(values)).toContainValues(Object.keys(columns));
        for (const value of Object.values(values)) expect(value).toBeGreaterThanOrEqual(0);
      }
    }
  });

  test("measures only what is asked for", async () => {
    const { output, exitCode } = await bench("--quick", "ring", "membership");
    expect(exitCode).toBe(0);
    expect(output.match(/^## .*$/gm)).toEqual(["## ring", "## membership"]);
  });

  test("tells its groups, and refuses others", async () => {
    const { output, exitCode } = await bench("--help");
    expect(exitCode).toBe(0);
    for (const group of Object.keys(expected)) expect(output).toContain(`  ${group} `);
    const refused = await bench("rings");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.errors).toContain("Allowed choices are serialization, receive,");
  });
});

describe("the test message, by our generated code", () => {
  const anyTestMessage = fc.record({
    name: anyWellFormedText,
    age: anyUint32,
    randomFloat: anyDouble,
    items: fc.array(anyWellFormedText, { maxLength: 6 }),
  });
  const reader = new TestMessageReader();

  test("is byte for byte what @bufbuild/protobuf makes of it, and is read back", () => {
    fc.assert(
      fc.property(anyTestMessage, (message) => {
        const { name, age, randomFloat, items } = message;
        const bytes = toBinary(TestMessageSchema, create(TestMessageSchema, message));
        const into = Buffer.alloc(bytes.length);
        expect(putTestMessage(into, 0, name, age, randomFloat, items)).toBe(bytes.length);
        expect(new Uint8Array(into)).toEqual(bytes);
        expect(reader.read(into, 0, into.length)).toBe(true);
        const text = (begin: number, end: number) => into.toString("utf8", begin, end);
        expect({
          name: text(reader.nameBegin, reader.nameEnd),
          age: reader.age,
          randomFloat: reader.randomFloat,
          items: Array.from({ length: reader.itemsCount }, (_, index) =>
            text(reader.itemsBegin[index] as number, reader.itemsEnd[index] as number),
          ),
        }).toEqual(message);
      }),
    );
  });

  test("is taken only where @bufbuild/protobuf finds the same", () => {
    fc.assert(
      fc.property(anyTestMessage, fc.nat(), fc.nat(255), (message, at, byte) => {
        const bytes = toBinary(TestMessageSchema, create(TestMessageSchema, message));
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        if (!reader.read(bytes, 0, bytes.length)) return;
        const { name, age, randomFloat, items } = fromBinary(TestMessageSchema, bytes);
        expect([reader.age, reader.randomFloat]).toEqual([age, randomFloat]);
        const text = (begin: number, end: number) =>
          Buffer.from(bytes).toString("utf8", begin, end);
        expect(text(reader.nameBegin, reader.nameEnd)).toBe(name);
        expect(reader.itemsCount).toBe(items.length);
        items.forEach((item, index) => {
          expect(text(reader.itemsBegin[index] as number, reader.itemsEnd[index] as number)).toBe(
            item,
          );
        });
      }),
      { numRuns: 1000 },
    );
  });
});
