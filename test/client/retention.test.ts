import { expect, test } from "bun:test";
import type { HubbubClient } from "../../src/client/client.ts";
import { until } from "../support/wait.ts";
import { FakeServer } from "./fake_server.ts";
import { clientOf, enters } from "./harness.ts";

/** A client in the general channel of a server where so much has been said. */
async function connected(said: number) {
  const server = new FakeServer();
  server.joined.add("general");
  for (let count = 0; count < said; count++) server.say("general", "before");
  const client = clientOf(server);
  const heard = hearing(client);
  await client.connect();
  return {
    server,
    client,
    heard,
    async [Symbol.asyncDispose]() {
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What a client is told, in order: numbers of messages, and gaps as `4-9`. */
function hearing(client: HubbubClient): (number | string)[] {
  const heard: (number | string)[] = [];
  client.on("message", ({ seq }) => heard.push(seq));
  client.on("gap", ({ from, to }) => heard.push(`${from}-${to}`));
  return heard;
}

/** The server cuts the connection, does something, and the client comes back. */
async function away(
  { server, client }: { server: FakeServer; client: HubbubClient },
  what = () => {},
) {
  const waiting = enters(client, "waiting");
  const online = enters(client, "online");
  server.refusal = 503;
  server.cut();
  await waiting;
  what();
  server.refusal = undefined;
  await online;
}

test("a client that comes back behind what is kept is told once what it missed, and goes on", async () => {
  await using talk = await connected(3);
  const { server, client, heard } = talk;
  server.say("general", "four");
  await until(() => heard.length === 1);
  await away(talk, () => {
    for (let count = 0; count < 6; count++) server.say("general", "missed");
    server.trim("general", 8);
  });
  expect(heard).toEqual([4, "5-8", 9, 10]);
  expect(client.channels[0]).toMatchObject({ last: 10, head: 10, first: 9 });
  expect(client.cursors?.channels).toEqual([{ channel: 1, after: 10 }]);
  server.say("general", "live");
  await until(() => heard.at(-1) === 11);
  // What it has seen may go, and it never hears of that.
  await away(talk, () => server.trim("general", 10));
  await away(talk, () => server.trim("general", 11));
  server.say("general", "more");
  await until(() => heard.at(-1) === 12);
  expect(heard).toEqual([4, "5-8", 9, 10, 11, 12]);
});

test("a channel of which all has gone is told as one gap, up to its head", async () => {
  await using talk = await connected(3);
  const { server, client, heard } = talk;
  await away(talk, () => {
    for (let count = 0; count < 5; count++) server.say("general", "missed");
    server.trim("general", 8);
  });
  expect(heard).toEqual(["4-8"]);
  expect(client.channels[0]).toMatchObject({ last: 8, head: 8, first: 9, phase: "live" });
  server.say("general", "first again");
  await until(() => heard.length === 2);
  expect(heard).toEqual(["4-8", 9]);
});

test("messages that go in the middle of a long resume are a gap in it, and it goes on behind them", async () => {
  await using talk = await connected(1);
  const { server, client, heard } = talk;
  server.command = (peer, request, command) => {
    if (command.case !== "resume") return true;
    const after = command.value.cursors[0]?.after ?? 0;
    server.deliverAfter(peer, "general", after, 10);
    server.trim("general", 20);
    server.deliverAfter(peer, "general", 10, 25);
    server.trim("general", 30);
    server.deliverAfter(peer, "general", 25);
    peer.live.add(1);
    peer.send({ case: "resumed", value: { cursors: [{ channel: 1, after: 40 }] } }, request);
    return false;
  };
  await away(talk, () => {
    for (let count = 1; count < 40; count++) server.say("general", "missed");
  });
  const run = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);
  expect(heard).toEqual([...run(2, 10), "11-20", ...run(21, 25), "26-30", ...run(31, 40)]);
  expect(client.channels[0]).toMatchObject({ last: 40, phase: "live" });
  // It has what there is, so it asks for nothing more.
  expect(server.commands.filter(({ case: name }) => name === "resume")).toHaveLength(2);
});

test("what was not acknowledged goes again under its nonce, and what the gap has in it is pending no more", async () => {
  await using talk = await connected(2);
  const { server, client, heard } = talk;
  const nonces: string[] = [];
  const held: (() => void)[] = [];
  let isHeld = true;
  server.command = (peer, request, command) => {
    if (command.case === "send") {
      nonces.push(command.value.nonce);
      // The first is kept, and the connection lost before anybody is told.
      if (nonces.length === 1) {
        peer.live.clear();
        peer.send = () => {};
      }
    }
    if (command.case !== "resume" || !isHeld) return true;
    // The resume is slow: the acknowledgement comes before what it brings, and that goes meanwhile.
    held.push(() => server.carryOut(peer, request, command));
    return false;
  };
  client.post(1, "mine");
  await until(() => nonces.length === 1);
  const waiting = enters(client, "waiting");
  server.cut();
  await waiting;
  await until(() => held.length === 1 && nonces.length === 2);
  await until(() => client.unsent.length === 0);
  expect(nonces[1]).toBe(nonces[0] as string);
  expect(server.bodies("general")).toEqual(["before", "before", "mine"]);
  expect(client.pending(1).map(({ body }) => body)).toEqual(["mine"]);
  server.say("general", "after");
  server.trim("general", 4);
  isHeld = false;
  held[0]?.();
  await until(() => heard.length > 0);
  expect(heard).toEqual(["3-4"]);
  expect(client.pending(1)).toEqual([]);
});
