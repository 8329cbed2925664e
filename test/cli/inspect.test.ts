import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, type JsonValue, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { readCapture } from "../../src/cli/captured_frames.ts";
import { describeFrame } from "../../src/cli/described_frame.ts";
import {
  ClientFrameSchema,
  type EventSchema,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { configFolder, run } from "./run.ts";

const client = (frame: MessageInitShape<typeof ClientFrameSchema>) =>
  toBinary(ClientFrameSchema, create(ClientFrameSchema, frame));
const server = (frame: MessageInitShape<typeof ServerFrameSchema>) =>
  toBinary(ServerFrameSchema, create(ServerFrameSchema, frame));

const ping = client({ request: 3, command: { case: "ping", value: {} } });
const send = client({
  command: { case: "send", value: { channel: 1, nonce: "n", body: "hello" } },
});
const said = server({
  events: [{ event: { case: "message", value: { seq: 812, channel: 1, body: "hello" } } }],
});

const shownPing = { ClientFrame: { request: 3, ping: {} } };
const shownSend = { ClientFrame: { send: { channel: 1, nonce: "n", body: "hello" } } };
const shownEvent = { message: { seq: 812, channel: 1, body: "hello" } };
const shownSaid = { ServerFrame: { events: [shownEvent] } };

type CommandInit = NonNullable<MessageInitShape<typeof ClientFrameSchema>["command"]>;
type EventInit = NonNullable<MessageInitShape<typeof EventSchema>["event"]>;

const commands: CommandInit[] = [
  { case: "send", value: { channel: 1, nonce: "n", body: "hello" } },
  { case: "join", value: { name: "general" } },
  { case: "leave", value: { channel: 1 } },
  { case: "listChannels", value: { after: 1 } },
  { case: "resume", value: { cursors: [{ channel: 1, after: 2 }] } },
  { case: "ping", value: {} },
];
const events: EventInit[] = [
  { case: "message", value: { seq: 1, channel: 1, author: "ada", body: "hello" } },
  { case: "sent", value: { channel: 1, seq: 1 } },
  { case: "error", value: { code: 3, text: "x".repeat(40) } },
  { case: "pong", value: { timeMs: 1 } },
  { case: "joined", value: { channel: { id: 65, name: "general" } } },
  { case: "left", value: { channel: 65 } },
  { case: "goingAway", value: {} },
];

/** JSON documents laid end to end, each spread over several lines. */
const documents = (output: string): unknown[] =>
  output
    .split(/(?<=^\})\n/m)
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text));

const hexOf = (bytes: Uint8Array) => bytes.toHex();

test.each<[string, string | Uint8Array, JsonValue[]]>([
  ["hex", `${hexOf(said)}\n${hexOf(ping)}\n`, [shownSaid, shownPing]],
  ["hex in capitals", hexOf(send).toUpperCase(), [shownSend]],
  ["hex with 0x", `0x${hexOf(ping)}`, [shownPing]],
  [
    "hex in pairs, as tcpdump and Wireshark give it",
    hexOf(ping).replace(/..(?=.)/g, "$&:"),
    [shownPing],
  ],
  ["base64", `${said.toBase64()}\r\n\r\n${send.toBase64()}`, [shownSaid, shownSend]],
  [
    "base64 for addresses",
    said.toBase64({ alphabet: "base64url", omitPadding: true }),
    [shownSaid],
  ],
  ["raw bytes of the server", said, [shownSaid]],
  ["raw bytes of a client", ping, [shownPing]],
])("%s is read", (_, input, expected) => {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const found = readCapture(bytes).map(({ bytes: frame }) => frame && describeFrame(frame));
  expect(found).toEqual(expected);
});

test("two frames of the server end to end are one frame with the events of both", () => {
  const both = new Uint8Array([...said, ...said]);
  expect(describeFrame(both)).toEqual({ ServerFrame: { events: [shownEvent, shownEvent] } });
});

test("the kind of a frame is guessed from its bytes", () => {
  for (const command of commands) {
    const bytes = client({ request: 1, command });
    expect(Object.keys(describeFrame(bytes) ?? {})).toEqual(["ClientFrame"]);
    const withoutRequest = client({ command });
    expect(Object.keys(describeFrame(withoutRequest) ?? {})).toEqual(["ClientFrame"]);
  }
  for (const event of events) {
    const bytes = server({ events: [{ event }, { request: 7, event }] });
    expect(Object.keys(describeFrame(bytes) ?? {})).toEqual(["ServerFrame"]);
    expect(readCapture(bytes)).toEqual([{ line: 1, bytes }]);
  }
});

test.each([
  ["garbage", new Uint8Array([0, 1, 2, 255])],
  ["a cut-off frame", said.slice(0, -1)],
  ["nothing but fields that nobody knows", new Uint8Array([0x7a, 0])],
])("%s is no frame", (_, bytes) => {
  expect(describeFrame(bytes)).toBeUndefined();
});

test("what is said to be of a client may have fields of a newer version", () => {
  const newer = new Uint8Array([...ping, 0x7a, 0]);
  expect(describeFrame(newer)).toBeUndefined();
  expect(describeFrame(newer, "client")).toEqual(shownPing);
});

test("standard input is read, and each frame printed as a JSON document", async () => {
  const ran = await run(["inspect"], `${hexOf(said)}\n${ping.toBase64()}`);
  expect(ran).toMatchObject({ exitCode: 0, errors: "" });
  expect(documents(ran.output)).toEqual([shownSaid, shownPing]);
});

test("a file is read", async () => {
  using folder = configFolder();
  const file = join(folder.path, "capture");
  writeFileSync(file, said);
  const ran = await run(["inspect", file], "");
  expect(documents(ran.output)).toEqual([shownSaid]);
});

test("a frame that cannot be read is named by its line, and the others are shown", async () => {
  const lines = [hexOf(ping), "0a7f01", "not a frame!", "ffffffff", hexOf(said)];
  const ran = await run(["inspect"], lines.join("\n"));
  expect(documents(ran.output)).toEqual([shownPing, shownSaid]);
  expect(ran.errors.trimEnd().split("\n")).toEqual([
    "hubbub: line 2: these bytes are no frame",
    "hubbub: line 3: this is neither hex nor base64",
    "hubbub: line 4: these bytes are no frame",
  ]);
  expect(ran.exitCode).toBe(1);
});

test("an empty input is one sentence and exit code 1", async () => {
  const errors = "hubbub: there is no frame in the input\n";
  expect(await run(["inspect"], "\n \n")).toEqual({ exitCode: 1, output: "", errors });
});

test("a file that is not there is one sentence and exit code 1", async () => {
  const ran = await run(["inspect", "/no/such/file"], "");
  expect(ran).toMatchObject({ exitCode: 1, output: "" });
  expect(ran.errors).toMatch(/^hubbub: [^\n]*\/no\/such\/file[^\n]*\n$/);
});

test("--as says what the frames are", async () => {
  const wrong = await run(["inspect", "--as", "client"], hexOf(said));
  const errors = "hubbub: line 1: these bytes are no ClientFrame\n";
  expect(wrong).toEqual({ exitCode: 1, output: "", errors });
});
