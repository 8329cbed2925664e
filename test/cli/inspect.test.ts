import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema, ServerFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
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
const shownSaid = {
  ServerFrame: { events: [{ message: { seq: 812, channel: 1, body: "hello" } }] },
};

/** JSON documents laid end to end, each spread over several lines. */
const documents = (output: string): unknown[] =>
  output
    .split(/(?<=^\})\n/m)
    .filter((text) => text !== "")
    .map((text) => JSON.parse(text));

const hexOf = (bytes: Uint8Array) => bytes.toHex();

test.each<[string, string | Uint8Array, unknown[]]>([
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
])("%s is read", async (_, input, expected) => {
  const ran = await run(["inspect"], input);
  expect(ran.errors).toBe("");
  expect(documents(ran.output)).toEqual(expected);
  expect(ran.exitCode).toBe(0);
});

test("two frames of the server end to end are one frame with the events of both", async () => {
  const ran = await run(["inspect"], `${hexOf(said)}${hexOf(said)}`);
  const [event] = shownSaid.ServerFrame.events;
  expect(documents(ran.output)).toEqual([{ ServerFrame: { events: [event, event] } }]);
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

test.each([
  ["nothing", "", "there is no frame in the input"],
  ["blank lines", "\n \n", "there is no frame in the input"],
  ["raw garbage", new Uint8Array([0, 1, 2, 255]), "line 1: these bytes are no frame"],
  ["a cut-off frame", said.slice(0, -1), "line 1: these bytes are no frame"],
  ["unknown fields", "7a00", "line 1: these bytes are no frame"],
])("%s is one sentence and exit code 1", async (_, input, text) => {
  expect(await run(["inspect"], input)).toEqual({
    exitCode: 1,
    output: "",
    errors: `hubbub: ${text}\n`,
  });
});

test("a file that is not there is one sentence and exit code 1", async () => {
  const ran = await run(["inspect", "/no/such/file"], "");
  expect(ran).toMatchObject({ exitCode: 1, output: "" });
  expect(ran.errors).toMatch(/^hubbub: [^\n]*\/no\/such\/file[^\n]*\n$/);
});

test("--as says what the frames are, and lets pass fields of a newer version", async () => {
  const newer = `${hexOf(ping)}7a00`;
  const guessed = await run(["inspect"], newer);
  expect(guessed.exitCode).toBe(1);
  const told = await run(["inspect", "--as", "client"], newer);
  expect(documents(told.output)).toEqual([shownPing]);
  const wrong = await run(["inspect", "--as", "client"], hexOf(said));
  expect(wrong.errors).toBe("hubbub: line 1: these bytes are no ClientFrame\n");
});
