import { expect, test } from "bun:test";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { FakeServer } from "./fake_server.ts";
import { clientOf, enters, next, transcript } from "./harness.ts";

function serverWith(...channels: string[]): FakeServer {
  const server = new FakeServer();
  for (const name of channels) {
    server.channel(name);
    server.joined.add(name);
  }
  return server;
}

test("a new client begins at the present heads", async () => {
  await using server = serverWith("general");
  server.say("general", "before");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  const arrived = next(client, "message");
  server.say("general", "after");
  await arrived;
  expect(seen).toEqual(["joined general after 1", "general 2 after"]);
});

test("a client with the cursors of an earlier run gets what came since", async () => {
  await using server = serverWith("general", "random");
  for (const body of ["one", "two", "three"]) server.say("general", body);
  const cursors = { logId: server.logId, channels: [{ channel: 1, after: 1 }] };
  await using client = clientOf(server, { cursors });
  const seen = transcript(client);
  await client.connect();
  expect(seen).toEqual([
    "joined general after 1",
    "joined random after 0",
    "general 2 two",
    "general 3 three",
  ]);
  expect(client.cursors).toEqual({
    logId: "log-1",
    channels: [
      { channel: 1, after: 3 },
      { channel: 2, after: 0 },
    ],
  });
});

test("what is said while the connection is away comes after it, once and in order", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  server.say("general", "one");
  await next(client, "message");
  const back = enters(client, "online");
  server.cut();
  server.say("general", "two");
  server.say("general", "three");
  await back;
  expect(seen).toEqual([
    "joined general after 0",
    "general 1 one",
    "general 2 two",
    "general 3 three",
  ]);
});

test("a message that comes twice is seen once", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  const message = server.say("general", "one");
  for (const peer of server.peers) server.deliver(peer, message);
  const second = next(client, "message", ({ seq }) => seq === 2);
  server.say("general", "two");
  await second;
  expect(seen).toEqual(["joined general after 0", "general 1 one", "general 2 two"]);
});

test("a message after a gap is held back until a resume has filled it", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  for (const peer of server.peers) peer.live.clear();
  server.say("general", "one");
  const third = next(client, "message", ({ seq }) => seq === 3);
  const { messages } = server.channel("general");
  server.say("general", "two");
  server.say("general", "three");
  for (const peer of server.peers) {
    for (const message of messages.slice(1)) server.deliver(peer, message);
  }
  await third;
  expect(seen).toEqual([
    "joined general after 0",
    "general 1 one",
    "general 2 two",
    "general 3 three",
  ]);
  const resumes = server.commands.filter((command) => command.case === "resume");
  expect(resumes).toHaveLength(2);
});

test("a gap that a resume does not fill costs the connection, not the order", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  server.command = (peer, request, command) => {
    if (command.case !== "resume") return true;
    // Skips the first message, as a broken server would.
    for (const message of server.channel("general").messages.slice(1))
      server.deliver(peer, message);
    peer.send({ case: "resumed", value: { cursors: [{ channel: 1, after: 2 }] } }, request);
    return false;
  };
  for (const peer of server.peers) peer.live.clear();
  server.say("general", "one");
  const second = server.say("general", "two");
  const lost = enters(client, "waiting");
  for (const peer of server.peers) server.deliver(peer, second);
  const { error } = await lost;
  expect(error?.code).toBe("DISCONNECTED");
  server.command = () => true;
  await enters(client, "online");
  expect(seen).toEqual(["joined general after 0", "general 1 one", "general 2 two"]);
});

test("a channel left on another connection is left here, while away as while connected", async () => {
  await using server = serverWith("general", "random");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  const left = next(client, "left");
  for (const peer of server.peers) peer.send({ case: "left", value: { channel: 1 } });
  await left;
  server.joined.delete("random");
  server.joined.delete("general");
  const back = enters(client, "online");
  server.cut();
  await back;
  expect(seen.slice(2)).toEqual(["left general", "left random"]);
  expect(client.channels).toEqual([]);
});

test("a channel joined on another connection is joined here", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  server.say("random", "before");
  const heard = next(client, "message");
  for (const peer of server.peers) {
    peer.live.add(2);
    peer.send({ case: "joined", value: { channel: server.describe("random") } });
  }
  server.say("random", "after");
  await heard;
  expect(seen).toEqual(["joined general after 0", "joined random after 1", "random 2 after"]);
});

test("a channel that a killed server forgot is joined again, and nothing of it is missed", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  await client.join("random");
  server.say("random", "one");
  await next(client, "message");
  server.command = (_, __, command) => {
    // Somebody is faster than the client's own join.
    if (command.case === "join") server.say("random", "three");
    return true;
  };
  const third = next(client, "message", ({ seq }) => seq === 3);
  server.restart({ forgetting: ["random"] });
  server.say("random", "two");
  await third;
  expect(seen).toEqual([
    "joined general after 0",
    "joined random after 0",
    "random 1 one",
    "random 2 two",
    "random 3 three",
  ]);
});

test("a channel that was only inherited is not joined again after a restart", async () => {
  await using server = serverWith("general", "random");
  await using client = clientOf(server);
  await client.connect();
  const left = next(client, "left");
  server.restart({ forgetting: ["random"] });
  const [channel] = await left;
  expect(channel.name).toBe("random");
  expect(server.commands.some(({ case: name }) => name === "join")).toBe(false);
});

test("a channel that this client left stays left, also when the answer was lost", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  await client.connect();
  const { id } = await client.join("random");
  server.command = (peer, request, command) => {
    if (command.case !== "leave") return true;
    server.carryOut(peer, request, command);
    server.restart();
    return false;
  };
  const back = enters(client, "online");
  // The answer is on its way when the connection is cut; either may come first.
  await client.leave(id).catch(() => {});
  await back;
  expect(client.channels.map(({ name }) => name)).toEqual(["general"]);
});

test("a rejoin that is refused for good ends the membership and says why", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  await client.connect();
  await client.join("random");
  server.command = (peer, request, command) => {
    if (command.case !== "join") return true;
    peer.refuse(request, ErrorCode.TOO_MANY_CHANNELS);
    return false;
  };
  const left = next(client, "left");
  server.restart({ forgetting: ["random"] });
  const [channel, error] = await left;
  expect(channel.name).toBe("random");
  expect(error?.code).toBe("TOO_MANY_CHANNELS");
});

test("another log makes all numbers count anew, and keeps the client's own channels", async () => {
  await using server = serverWith("general");
  await using client = clientOf(server);
  const seen = transcript(client);
  await client.connect();
  await client.join("random");
  for (const body of ["one", "two"]) server.say("general", body);
  await next(client, "message", ({ seq }) => seq === 2);
  // The file was replaced: the channels have other ids and other messages.
  const rejoined = next(client, "reset", (channels) => channels[0]?.name === "random");
  server.restart({ logId: "log-2", forgetting: ["random"] });
  server.channels.clear();
  server.channel("random");
  server.say("general", "another first");
  await rejoined;
  const heard = [next(client, "message"), next(client, "message", ({ channel }) => channel === 1)];
  server.say("general", "another second");
  server.say("random", "hello");
  await Promise.all(heard);
  expect(seen.slice(4)).toEqual([
    "reset general to 1",
    "reset random to 0",
    "general 2 another second",
    "random 1 hello",
  ]);
  expect(client.cursors?.logId).toBe("log-2");
});

test("a cursor beyond the head is given up, and the channel goes on from its head", async () => {
  await using server = serverWith("general");
  server.say("general", "one");
  const cursors = { logId: server.logId, channels: [{ channel: 1, after: 9 }] };
  await using client = clientOf(server, { cursors });
  const seen = transcript(client);
  const reset = next(client, "reset");
  const heard = next(client, "message");
  await client.connect();
  await reset;
  server.say("general", "two");
  await heard;
  expect(seen).toEqual(["joined general after 9", "reset general to 1", "general 2 two"]);
});

test("a cursor that the server cannot follow for now does not keep the others waiting", async () => {
  await using server = serverWith("general", "random");
  server.say("general", "one");
  const cursors = {
    logId: server.logId,
    channels: [
      { channel: 1, after: 0 },
      { channel: 2, after: 0 },
    ],
  };
  let refusals = 0;
  server.command = (peer, request, command) => {
    if (command.case !== "resume" || refusals++ > 0) return true;
    const refused = [{ channel: 1, code: ErrorCode.STORE_UNAVAILABLE }];
    peer.live.add(2);
    peer.send(
      { case: "resumed", value: { cursors: [{ channel: 2, after: 0 }], refused } },
      request,
    );
    return false;
  };
  await using client = clientOf(server, { cursors });
  const heard = next(client, "message");
  await client.connect();
  const [message] = await heard;
  expect(message.body).toBe("one");
});

test("a handler that throws disturbs neither the other handlers nor the delivery", async () => {
  // In a process of its own, because the error surfaces as an uncaught exception.
  const script = `
    import { Listeners } from "./src/client/events.ts";
    process.on("uncaughtException", ({ message }) => console.log(message));
    const listeners = new Listeners();
    listeners.on("slow", () => { throw new Error("a fault of the application"); });
    listeners.on("slow", (bytes) => console.log(bytes));
    listeners.emit("slow", 1);
    listeners.emit("slow", 2);
  `;
  const child = Bun.spawn([process.execPath, "-e", script]);
  const lines = (await new Response(child.stdout).text()).trim().split("\n");
  const fault = "a fault of the application";
  expect(lines).toEqual(["1", "2", fault, fault]);
});

test("a hundred channels are resumed in frames that fit the smallest limit", async () => {
  const names = Array.from({ length: 100 }, (_, index) => `channel-${index}`);
  await using server = serverWith(...names);
  for (const name of names) server.say(name, "one");
  const channels = names.map((_, index) => ({ channel: index + 1, after: 0 }));
  await using client = clientOf(server, { cursors: { logId: server.logId, channels } });
  const seen: number[] = [];
  client.on("message", ({ channel }) => seen.push(channel));
  await client.connect();
  expect(seen.toSorted((one, other) => one - other)).toEqual(names.map((_, index) => index + 1));
});
