import { expect, test } from "bun:test";
import type { HubbubClient } from "../../src/client/client.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { until } from "../support/wait.ts";
import { FakeServer } from "./fake_server.ts";
import { clientOf, next } from "./harness.ts";

async function online(server: FakeServer, options: Parameters<typeof clientOf>[1] = {}) {
  server.joined.add("general");
  const client = clientOf(server, options);
  await client.connect();
  const { id } = await client.join("general");
  return { client, id };
}

const shown = (client: HubbubClient, id: number) =>
  client.pending(id).map(({ body, state, error }) => [body, state, error?.code]);

test("a post is pending until it is in its channel", async () => {
  await using server = new FakeServer();
  const { client, id } = await online(server);
  await using _ = client;
  const told: number[] = [];
  client.on("pending", (channel) => told.push(channel));
  client.post(id, "hello");
  expect(shown(client, id)).toEqual([["hello", "sent-unacknowledged", undefined]]);
  await until(() => client.pending(id).length === 0);
  expect(server.bodies("general")).toEqual(["hello"]);
  await client.flush();
  await until(() => client.unsent.length === 0);
  expect(new Set(told)).toEqual(new Set([id]));
});

test("a post that the server refuses stays, and goes again under its nonce when it is told to", async () => {
  await using server = new FakeServer();
  const { client, id } = await online(server);
  await using _ = client;
  const nonces: string[] = [];
  server.command = (peer, request, command) => {
    if (command.case !== "send") return true;
    nonces.push(command.value.nonce);
    if (nonces.length > 1) return true;
    peer.refuse(request, ErrorCode.CHANNEL_FULL);
    return false;
  };
  client.post(id, "too much");
  await until(() => client.pending(id)[0]?.state === "failed");
  expect(shown(client, id)).toEqual([["too much", "failed", "CHANNEL_FULL"]]);
  expect(client.unsent).toHaveLength(1);
  client.retry(nonces[0] ?? "");
  await until(() => client.unsent.length === 0);
  expect(nonces).toEqual([nonces[0] ?? "", nonces[0] ?? ""]);
  expect(server.bodies("general")).toEqual(["too much"]);
});

test("what waits or failed can be discarded, and what may be sent cannot", async () => {
  await using server = new FakeServer();
  const { client, id } = await online(server);
  await using _ = client;
  const answers = Promise.withResolvers<void>();
  server.command = (peer, request, command) => {
    if (command.case !== "send") return true;
    void answers.promise.then(() => server.carryOut(peer, request, command));
    return false;
  };
  client.post(id, "first");
  client.post(id, "second");
  const [first, second] = client.pending(id);
  expect(client.discard(first?.nonce ?? "")).toBe(false);
  expect(client.discard(second?.nonce ?? "")).toBe(true);
  answers.resolve();
  await until(() => client.unsent.length === 0);
  expect(server.bodies("general")).toEqual(["first"]);
});

test("the next run sends what the last one had not seen acknowledged, in order and once", async () => {
  await using server = new FakeServer();
  const { client: before, id } = await online(server);
  server.command = (_, __, command) => {
    if (command.case !== "send") return true;
    // The first is kept, and nobody hears of it.
    server.carryOut({ refuse() {}, send() {} } as never, 0, command);
    return false;
  };
  before.post(id, "one");
  before.post(id, "two");
  await until(() => server.bodies("general").length === 1);
  const { unsent } = before;
  await before.close();
  expect(unsent.map(({ body }) => body)).toEqual(["one", "two"]);

  server.command = () => true;
  const { client: after } = await online(server, { unsent });
  await using _ = after;
  after.post(id, "three");
  await until(() => after.unsent.length === 0);
  expect(server.bodies("general")).toEqual(["one", "two", "three"]);
});

test("what was posted to a channel that was left since stays as failed, until the user is in again", async () => {
  await using server = new FakeServer();
  const unsent = [{ nonce: "n-1", channelName: "attic", body: "late" }];
  const { client } = await online(server, { unsent });
  await using _ = client;
  expect(client.unsent).toEqual(unsent);
  const { id } = await client.join("attic");
  expect(shown(client, id)).toEqual([["late", "failed", "NOT_A_MEMBER"]]);
  client.retry("n-1");
  await until(() => client.unsent.length === 0);
  expect(server.bodies("attic")).toEqual(["late"]);
});

test("a post that is acknowledged before what was missed has come stays until it has, too", async () => {
  await using server = new FakeServer();
  const { client, id } = await online(server);
  await using _ = client;
  await client.send(id, "the last that was seen");
  const states: string[][] = [];
  const bodies: string[] = ["the last that was seen"];
  const note = () => {
    const state = [...bodies, ...client.pending(id).map(({ body }) => `[${body}]`)];
    if (states.at(-1)?.join() !== state.join()) states.push(state);
  };
  client.on("message", ({ body }) => {
    bodies.push(body);
    note();
  });
  client.on("pending", note);

  let goOn = () => {};
  server.command = (peer, request, command) => {
    if (command.case !== "resume") return true;
    goOn = () => server.carryOut(peer, request, command);
    return false;
  };
  server.cut();
  await next(client, "state", (state) => state === "waiting");
  client.post(id, "mine");
  client.post(id, "mine");
  server.say("general", "missed");
  // Both are kept and acknowledged while what was missed is still to come.
  await until(() => client.unsent.length === 0);
  expect(server.bodies("general").slice(1)).toEqual(["missed", "mine", "mine"]);
  expect(client.discard(client.pending(id)[0]?.nonce ?? "")).toBe(false);
  goOn();
  await until(() => client.pending(id).length === 0);
  const seen = "the last that was seen";
  expect(states).toEqual([
    [seen, "[mine]"],
    [seen, "[mine]", "[mine]"],
    [seen, "missed", "[mine]", "[mine]"],
    // The message and the end of its post are told one after the other, in one turn.
    [seen, "missed", "[mine]"],
    [seen, "missed", "mine", "[mine]"],
    [seen, "missed", "mine"],
    [seen, "missed", "mine", "mine"],
  ]);
});

test("a post that is acknowledged and whose channel is left is not waited for", async () => {
  await using server = new FakeServer();
  const { client, id } = await online(server);
  await using _ = client;
  server.command = (peer, request, command) => {
    if (command.case !== "send") return true;
    peer.send({ case: "sent", value: { channel: id, seq: 7, duplicate: true } }, request);
    return false;
  };
  client.post(id, "kept");
  await until(() => client.unsent.length === 0);
  expect(shown(client, id)).toEqual([["kept", "sent-unacknowledged", undefined]]);
  await client.leave(id);
  expect(client.pending(id)).toEqual([]);
});
