import { expect, test } from "bun:test";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { Random } from "../sim/random.ts";
import { FakeServer } from "./fake_server.ts";
import { clientOf, next } from "./harness.ts";

const CHANNELS = ["general", "random", "support"];
const MESSAGES = 150;

/** `SEED=n` repeats a run that failed. */
const seeds = process.env.SEED
  ? [Number(process.env.SEED)]
  : Array.from({ length: 5 }, () => Math.floor(Math.random() * 2 ** 32));

/** What befalls a connection after a command, and how often in a hundred times. */
const fates = { nothing: 86, cut: 3, killed: 2, repeated: 5, "left out": 4 };

test.each(seeds)("every message once and in order, whatever breaks (seed %i)", async (seed) => {
  const random = new Random(seed);
  await using server = new FakeServer();
  server.joined.add("general");
  // Connections break before a command is carried out, after it, and between; commands are refused;
  // messages come twice, or are left out until asked for; the process is killed and forgets joins.
  server.command = (peer, request, command) => {
    if (random.chance(0.03)) {
      server.cut();
      return false;
    }
    if (command.case === "send" && random.chance(0.1)) {
      const codes = [ErrorCode.RATE_LIMITED, ErrorCode.OVERLOADED, ErrorCode.STORE_UNAVAILABLE];
      peer.refuse(request, random.pick(codes), 1);
      return false;
    }
    server.carryOut(peer, request, command);
    const { id, messages } = server.channel(random.pick(CHANNELS));
    switch (random.weighted(fates)) {
      case "cut":
        server.cut();
        break;
      case "killed":
        server.restart({ forgetting: ["random", "support"] });
        break;
      case "repeated": {
        const again = messages[random.below(messages.length + 1)];
        if (again && peer.live.has(id)) server.deliver(peer, again);
        break;
      }
      case "left out":
        peer.live.delete(id);
        break;
    }
    return false;
  };

  await using client = clientOf(server);
  const seen = new Map<string, number[]>(CHANNELS.map((name) => [name, []]));
  const names = new Map<number, string>();
  client.on("joined", ({ id, name }) => names.set(id, name));
  client.on("message", ({ channel, seq }) => seen.get(names.get(channel) ?? "")?.push(seq));
  await client.connect();
  const ids: number[] = [];
  for (const name of CHANNELS) {
    for (let joined = false; !joined; ) {
      joined = await client.join(name).then(
        ({ id }) => ids.push(id) > 0,
        () => next(client, "state", (state) => state === "online").then(() => false),
      );
    }
  }

  const acks = await Promise.all(
    Array.from({ length: MESSAGES }, (_, index) => {
      const at = random.below(CHANNELS.length);
      if (random.chance(0.2)) server.say(CHANNELS[at] ?? "", `from elsewhere ${index}`);
      return client.send(ids[at] ?? 0, `message ${index}`);
    }),
  );

  // From here on nothing breaks; one more message in each channel shows up what is missing.
  server.command = () => true;
  const last = CHANNELS.map((_, at) =>
    next(client, "message", ({ channel, body }) => channel === ids[at] && body === "the end"),
  );
  for (const id of ids) await client.send(id, "the end");
  // A channel that is not live without the client's knowledge shows the gap with this one.
  for (const name of CHANNELS) server.say(name, "one more");
  server.cut();
  await Promise.all(last);

  expect(new Set(acks.map(({ channel, seq }) => `${channel} ${seq}`)).size).toBe(MESSAGES);
  for (const name of CHANNELS) {
    const numbers = seen.get(name) ?? [];
    const first = numbers[0] ?? 1;
    expect(numbers).toEqual(numbers.map((_, index) => first + index));
    const own = server.bodies(name).filter((body) => body.startsWith("message "));
    expect(new Set(own).size).toBe(own.length);
    const indices = own.map((body) => Number(body.split(" ")[1]));
    expect(indices).toEqual(indices.toSorted((one, other) => one - other));
  }
});
