import { expect, test } from "bun:test";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { until } from "../support/wait.ts";
import { FakeServer, type Peer } from "./fake_server.ts";
import { clientOf, enters, next } from "./harness.ts";
import { ManualClock } from "./manual_clock.ts";

/** A server that has presence, of `ada` alone. */
function watchedServer(...joined: string[]): FakeServer {
  const server = new FakeServer();
  server.joined = new Set(joined);
  for (const name of joined) server.channel(name);
  server.command = (peer, request, command) => {
    if (command.case === "watch") {
      const presence = command.value.channels.map((channel) => picture(channel, ["ada"]));
      peer.send({ case: "watching", value: { presence } }, request);
    } else if (command.case === "typing") {
      peer.send({ case: "typing", value: { channel: command.value.channel } }, request);
    } else return true;
    return false;
  };
  return server;
}

const picture = (channel: number, names: readonly string[]) => ({
  channel,
  online: names.map((user, index) => ({ userId: index + 1, user })),
  onlineCount: names.length,
  memberCount: 9,
});

/** The channels of each `watch` that the server was sent. */
const watched = (server: FakeServer) =>
  server.commands.flatMap((command) => (command.case === "watch" ? [command.value.channels] : []));

const typed = (server: FakeServer) =>
  server.commands.flatMap((command) => (command.case === "typing" ? [command.value.channel] : []));

const onlyPeer = (server: FakeServer) => [...server.peers][0] as Peer;

test("who is online in a watched channel is told at once, and when it changes", async () => {
  await using server = watchedServer("general");
  await using client = clientOf(server);
  await client.connect();
  const first = next(client, "presence");
  client.watch([1]);
  expect((await first)[0]).toMatchObject({ channel: 1, onlineCount: 1 });
  const second = next(client, "presence");
  onlyPeer(server).send({ case: "presence", value: picture(1, ["ada", "bob"]) });
  expect((await second)[0].online).toMatchObject([{ user: "ada" }, { user: "bob" }]);
  const typing = next(client, "typing");
  onlyPeer(server).send({ case: "typing", value: { channel: 1, typingCount: 1 } });
  expect((await typing)[0]).toMatchObject({ channel: 1, typingCount: 1 });
});

test("a new connection watches the same channels, under the ids that they have there", async () => {
  await using server = watchedServer("general", "tea");
  await using client = clientOf(server);
  await client.connect();
  client.watch([2]);
  await until(() => watched(server).length === 1);
  const back = enters(client, "online");
  server.channels.clear();
  server.joined = new Set(["tea", "general"]);
  server.channel("tea");
  server.restart({ logId: "log-2" });
  await back;
  await until(() => watched(server).length === 2);
  expect(watched(server)).toEqual([[2], [1]]);
});

test("what is watched last counts, however fast it changes", async () => {
  await using server = watchedServer("a", "b", "c");
  await using client = clientOf(server);
  await client.connect();
  client.watch([1]);
  client.watch([2]);
  client.watch([3, 1, 77]);
  await until(() => watched(server).length === 2);
  await client.ping();
  expect(watched(server)).toEqual([[1], [3, 1]]);
  client.watch([]);
  await until(() => watched(server).length === 3);
  expect(watched(server).at(-1)).toEqual([]);
});

test("pictures of channels that are watched no more are not handed out", async () => {
  await using server = watchedServer("general");
  await using client = clientOf(server);
  await client.connect();
  const seen: number[] = [];
  client.on("presence", ({ channel }) => seen.push(channel));
  client.on("typing", ({ channel }) => seen.push(channel));
  client.typing(1);
  onlyPeer(server).send({ case: "presence", value: picture(1, ["ada"]) });
  await client.ping();
  expect(seen).toEqual([]);
});

test("a channel that was left is watched no more", async () => {
  await using server = watchedServer("a", "b");
  await using client = clientOf(server);
  await client.connect();
  client.watch([1, 2]);
  await until(() => watched(server).length === 1);
  await client.leave(1);
  await until(() => watched(server).length === 2);
  expect(watched(server).at(-1)).toEqual([2]);
});

test("typing is said at once, and again three seconds later, and at once after a message", async () => {
  await using server = watchedServer("general");
  const clock = new ManualClock();
  await using client = clientOf(server, { clock });
  await client.connect();
  for (let keystroke = 0; keystroke < 10; keystroke++) client.typing(1);
  clock.advance(2999);
  client.typing(1);
  clock.advance(1);
  client.typing(1);
  await client.send(1, "hello");
  client.typing(1);
  client.typing(1);
  await client.ping();
  expect(typed(server)).toEqual([1, 1, 1]);
});

test("typing where there is no connection, or no such channel, is said to nobody", async () => {
  await using server = watchedServer("general");
  await using client = clientOf(server);
  client.typing(1);
  client.watch([1]);
  await client.connect();
  client.typing(77);
  await client.ping();
  expect(typed(server)).toEqual([]);
  expect(watched(server)).toEqual([]);
});

test("an older server is asked once on a connection", async () => {
  await using server = new FakeServer();
  server.joined = new Set(["general", "tea"]);
  await using client = clientOf(server);
  await client.connect();
  client.watch([1]);
  await until(() => watched(server).length === 1);
  await client.ping();
  client.watch([2]);
  client.typing(1);
  await client.ping();
  expect(watched(server)).toEqual([[1]]);
  expect(typed(server)).toEqual([]);
});

test("a watch that is refused for its rate is tried again", async () => {
  await using server = watchedServer("general");
  const carryOut = server.command;
  let refusals = 1;
  server.command = (peer, request, command) => {
    if (command.case !== "watch" || refusals-- === 0) return carryOut(peer, request, command);
    peer.refuse(request, ErrorCode.RATE_LIMITED, 1);
    return false;
  };
  await using client = clientOf(server);
  await client.connect();
  const told = next(client, "presence");
  client.watch([1]);
  expect((await told)[0]).toMatchObject({ channel: 1 });
  expect(watched(server)).toEqual([[1], [1]]);
});
