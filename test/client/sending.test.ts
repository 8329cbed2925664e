import { expect, test } from "bun:test";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { FakeServer } from "./fake_server.ts";
import { clientOf, enters, next } from "./harness.ts";

async function conversation(options: Parameters<typeof clientOf>[1] = {}) {
  const server = new FakeServer();
  server.joined.add("general");
  const client = clientOf(server, options);
  await client.connect();
  const { id } = await client.join("general");
  return {
    server,
    client,
    id,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

const nonces = (server: FakeServer) =>
  server.commands.flatMap((command) => (command.case === "send" ? [command.value.nonce] : []));

test("a send resolves with the number that the message got", async () => {
  await using talk = await conversation();
  const sent = await talk.client.send(talk.id, "hello");
  expect(sent).toMatchObject({ channel: talk.id, seq: 1, duplicate: false });
});

test("a send whose ack was lost is repeated under its nonce, and kept once", async () => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  let isFirst = true;
  server.command = (_, __, command) => {
    if (command.case !== "send" || !isFirst) return true;
    isFirst = false;
    // Kept, and the connection is gone before the answer.
    server.carryOut({ refuse() {}, send() {} } as never, 0, command);
    server.cut();
    return false;
  };
  expect(await client.send(id, "once")).toMatchObject({ seq: 1, duplicate: true });
  expect(server.bodies("general")).toEqual(["once"]);
  expect(new Set(nonces(server)).size).toBe(1);
  expect(nonces(server)).toHaveLength(2);
});

test("a send that was lost on the way is repeated on the next connection", async () => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  let losses = 3;
  server.command = (_, __, command) => {
    if (command.case !== "send" || losses-- <= 0) return true;
    server.cut();
    return false;
  };
  expect(await client.send(id, "at last")).toMatchObject({ seq: 1, duplicate: false });
  expect(new Set(nonces(server)).size).toBe(1);
});

test("sends arrive in the order of the calls, whatever is lost or refused between", async () => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  let commands = 0;
  server.command = (peer, request, command) => {
    if (command.case !== "send") return true;
    commands++;
    if (commands % 7 === 0) server.cut();
    else if (commands % 3 === 0) peer.refuse(request, ErrorCode.OVERLOADED, 1);
    else return true;
    return false;
  };
  const bodies = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  await Promise.all(bodies.map((body) => client.send(id, body)));
  expect(server.bodies("general")).toEqual(bodies);
});

test.each([
  ErrorCode.RATE_LIMITED,
  ErrorCode.TOO_MANY_PENDING,
  ErrorCode.OVERLOADED,
  ErrorCode.STORE_UNAVAILABLE,
  ErrorCode.GOING_AWAY,
])("a send refused with code %i is tried again by the client itself", async (code) => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  let refusals = 2;
  server.command = (peer, request, command) => {
    if (command.case !== "send" || refusals-- <= 0) return true;
    peer.refuse(request, code, 1);
    return false;
  };
  expect(await client.send(id, "hello")).toMatchObject({ seq: 1 });
  expect(new Set(nonces(server)).size).toBe(1);
  expect(nonces(server)).toHaveLength(3);
});

test.each([
  ErrorCode.INVALID_ARGUMENT,
  ErrorCode.NO_SUCH_CHANNEL,
  ErrorCode.CHANNEL_FULL,
  ErrorCode.INTERNAL,
])("a send refused with code %i rejects, and the next one goes on", async (code) => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  let refusals = 1;
  server.command = (peer, request, command) => {
    if (command.case !== "send" || refusals-- <= 0) return true;
    peer.refuse(request, code);
    return false;
  };
  const [first, second] = await Promise.allSettled([client.send(id, "a"), client.send(id, "b")]);
  expect(first).toMatchObject({ reason: { code: ErrorCode[code], text: "refused by the test" } });
  expect(second).toMatchObject({ value: { seq: 1 } });
});

test("sends wait for their channel when a killed server has forgotten it", async () => {
  await using talk = await conversation();
  const { server, client } = talk;
  const { id } = await client.join("random");
  server.command = (_, __, command) => {
    if (command.case !== "send") return true;
    server.command = () => true;
    server.restart({ forgetting: ["random"] });
    return false;
  };
  expect(await client.send(id, "hello")).toMatchObject({ seq: 1 });
});

test("a send to a channel that is being joined again waits for that", async () => {
  await using talk = await conversation();
  const { server, client } = talk;
  const { id } = await client.join("random");
  const rejoining = Promise.withResolvers<() => void>();
  server.command = (peer, request, command) => {
    if (command.case !== "join") return true;
    rejoining.resolve(() => server.carryOut(peer, request, command));
    return false;
  };
  server.restart({ forgetting: ["random"] });
  const goOn = await rejoining.promise;
  const sent = client.send(id, "hello");
  goOn();
  expect(await sent).toMatchObject({ channel: id, seq: 1 });
});

test("sends follow their channel into another log, where it has another id", async () => {
  await using talk = await conversation();
  const { server, client } = talk;
  const { id } = await client.join("random");
  server.command = (_, __, command) => {
    if (command.case !== "send") return true;
    server.command = () => true;
    server.restart({ logId: "log-2" });
    server.channels.clear();
    server.channel("random");
    return false;
  };
  await client.send(id, "hello");
  expect(server.bodies("random")).toEqual(["hello"]);
  expect(server.bodies("general")).toEqual([]);
});

test("sends to a channel that was left while away reject", async () => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  server.command = (_, __, command) => {
    if (command.case !== "send") return true;
    server.joined.delete("general");
    server.cut();
    return false;
  };
  const left = next(client, "left");
  await expect(client.send(id, "hello")).rejects.toMatchObject({ code: "NOT_A_MEMBER" });
  await left;
});

test("the outbox is bounded", async () => {
  await using talk = await conversation({ outboxMessages: 3 });
  const { server, client, id } = talk;
  server.command = (_, __, { case: name }) => name !== "send";
  const kept = [client.send(id, "1"), client.send(id, "2"), client.send(id, "3")];
  await expect(client.send(id, "4")).rejects.toMatchObject({ code: "OUTBOX_FULL" });
  server.command = () => true;
  server.cut();
  await Promise.all(kept);
  expect(server.bodies("general")).toEqual(["1", "2", "3"]);
});

test("a body over the server's limit is refused without costing the connection", async () => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  const large = "ä".repeat(8_193);
  await expect(client.send(id, large)).rejects.toMatchObject({ code: "BODY_TOO_LARGE" });
  await client.send(id, "ä".repeat(8_192));
  expect(server.upgrades).toHaveLength(1);
});

test("a send to a channel that the user is not in rejects at once", async () => {
  await using talk = await conversation();
  await expect(talk.client.send(99, "hello")).rejects.toMatchObject({ code: "NOT_A_MEMBER" });
});

test("closing waits for the acknowledgements when told to", async () => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  const sends = [client.send(id, "1"), client.send(id, "2")];
  await client.close({ flushMs: 60_000 });
  expect(await Promise.all(sends)).toHaveLength(2);
  expect(server.bodies("general")).toEqual(["1", "2"]);
  await expect(client.send(id, "3")).rejects.toMatchObject({ code: "CLOSED" });
});

test("closing at once rejects what is not acknowledged", async () => {
  await using talk = await conversation();
  const { server, client, id } = talk;
  server.command = (_, __, { case: name }) => name !== "send";
  const send = client.send(id, "1");
  await client.close();
  await expect(send).rejects.toMatchObject({ code: "CLOSED" });
});

test("other commands reject when the connection is lost, and when there is none", async () => {
  await using talk = await conversation();
  const { server, client } = talk;
  server.command = (_, __, { case: name }) => {
    if (name !== "listChannels") return true;
    server.refusal = 503;
    server.cut();
    return false;
  };
  const lost = enters(client, "waiting");
  await expect(client.listChannels()).rejects.toMatchObject({ code: "DISCONNECTED" });
  await lost;
  await expect(client.ping()).rejects.toMatchObject({ code: "DISCONNECTED" });
});
