import { beforeEach, describe, expect, test } from "bun:test";
import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { Channel, type EncodingName, LANES } from "../../src/channels/channel.ts";
import { Presence } from "../../src/channels/presence.ts";
import { User } from "../../src/channels/user.ts";
import { watchTopic } from "../../src/channels/watched_channel.ts";
import { Counters } from "../../src/monitor/counters.ts";
import type { Outgoing } from "../../src/wire/encoding.ts";
import { ServerFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";

let nowMs: number;
let timers: { atMs: number; task: () => void }[];
let published: { topic: string; frame: Outgoing; atMs: number }[];
let isHigh: boolean;
let isUnderWay: boolean;
let counters: Counters;
let channel: Channel;
let presence: Presence;

beforeEach(() => {
  nowMs = 1000;
  timers = [];
  published = [];
  isHigh = false;
  isUnderWay = false;
  counters = new Counters();
  channel = new Channel(1, "general", 0, 0);
  presence = newPresence();
});

function newPresence(limits: { bytesPerSecond?: number; socketsPerTurn?: number } = {}) {
  return new Presence({
    publish: (topic, frame) => published.push({ topic, frame, atMs: nowMs }),
    pressure: {
      get isHigh() {
        return isHigh;
      },
    },
    delivery: {
      get isUnderWay() {
        return isUnderWay;
      },
    },
    counters,
    socketsPerTurn: 1000,
    clockMs: () => nowMs,
    schedule: (delayMs, task) => timers.push({ atMs: nowMs + delayMs, task }),
    ...limits,
  });
}

/** Lets time pass, and everything happen in it, each thing so much later than it was due. */
function pass(ms: number, lateMs = 0): void {
  const untilMs = nowMs + ms;
  for (;;) {
    timers.sort((one, other) => one.atMs - other.atMs);
    const next = timers[0];
    if (next === undefined || next.atMs > untilMs) break;
    timers.shift();
    nowMs = Math.max(nowMs, next.atMs + lateMs);
    next.task();
  }
  nowMs = Math.max(nowMs, untilMs);
}

function come(id: number, name = `user-${id}`): User {
  const user = new User(id, name);
  channel.online.set(id, user);
  channel.memberCount += 1;
  presence.changed(channel, user);
  return user;
}

function go(user: User): void {
  channel.online.delete(user.id);
  presence.changed(channel, user);
}

/** So many sockets watch the channel. */
function watch(sockets: number, encoding: EncodingName = "binary", lane = 0, of = channel): void {
  for (let count = 0; count < sockets; count++) presence.watch(of, encoding, lane);
}

function unwatch(sockets: number): void {
  for (let count = 0; count < sockets; count++) presence.unwatch(channel, "binary", 0);
}

/** What a frame says: `3/5 ada bob, typing 1 ada`. */
function told(frame: Outgoing): string {
  const { events } =
    typeof frame === "string"
      ? fromJsonString(ServerFrameSchema, frame)
      : fromBinary(ServerFrameSchema, frame);
  return events
    .map(({ event }) => {
      if (event.case === "presence") {
        const { online, onlineCount, memberCount } = event.value;
        return [`${onlineCount}/${memberCount}`, ...online.map(({ user }) => user)].join(" ");
      }
      if (event.case !== "typing") throw new Error(`told of ${event.case}`);
      const { typing, typingCount } = event.value;
      return [`typing ${typingCount}`, ...typing.map(({ user }) => user)].join(" ");
    })
    .join(", ");
}

const allTold = () => published.map(({ frame }) => told(frame));

describe("a channel that somebody watches", () => {
  test("tells its watchers who came and who went", () => {
    watch(1);
    const ada = come(1, "ada");
    pass(2000);
    come(2, "bob");
    pass(2000);
    go(ada);
    pass(2000);
    expect(allTold()).toEqual(["1/1 ada", "2/2 ada bob", "1/2 bob"]);
    expect(counters).toMatchObject({ presenceFrames: 3, presenceDeliveriesOut: 3 });
  });

  test("tells all that happens in a second in one frame", () => {
    watch(1);
    const users = Array.from({ length: 1000 }, (_, index) => come(index + 1));
    presence.typed(channel, users[0] as User);
    pass(500);
    expect(published).toHaveLength(1);
    for (const user of users) go(user);
    for (const { id } of users) come(id);
    pass(10_000);
    const times = published.map(({ atMs }) => atMs);
    expect(times.every((atMs, index) => atMs - (times[index - 1] ?? 0) >= 1000)).toBe(true);
    expect(published.length).toBeLessThanOrEqual(3);
  });

  test("names fifty members and counts all, and five who type", () => {
    watch(1);
    const users = Array.from({ length: 200 }, (_, index) => come(index + 1));
    for (const user of users) presence.typed(channel, user);
    pass(500);
    const [online, typing] = (allTold()[0] as string).split(", ");
    expect(online?.split(" ")).toHaveLength(51);
    expect(online).toStartWith("200/200 user-1 user-2 ");
    expect(typing).toBe("typing 100 user-1 user-2 user-3 user-4 user-5");
  });

  test("speaks both encodings, to lanes that have somebody", () => {
    watch(2, "binary", 3);
    watch(1, "json", 5);
    come(1, "ada");
    pass(500);
    expect(published.map(({ topic }) => topic)).toEqual([
      watchTopic(channel, "binary", 3),
      watchTopic(channel, "json", 5),
    ]);
    expect(allTold()).toEqual(["1/1 ada", "1/1 ada"]);
    expect(counters).toMatchObject({ presenceFrames: 1, presenceDeliveriesOut: 3 });
  });

  test("is at rest when nothing happens", () => {
    watch(1);
    come(1);
    pass(2000);
    expect(timers).toEqual([]);
    pass(60_000);
    expect(published).toHaveLength(1);
  });
});

describe("a channel that nobody watches", () => {
  test("costs nothing, whatever happens there", () => {
    const ada = come(1, "ada");
    presence.typed(channel, ada);
    presence.sent(channel, ada);
    go(ada);
    expect(channel.watched).toBeUndefined();
    expect(timers).toEqual([]);
  });

  test("is forgotten with its last watcher", () => {
    watch(2);
    const ada = come(1, "ada");
    presence.typed(channel, ada);
    unwatch(2);
    pass(500);
    expect(published).toEqual([]);
    pass(10_000);
    expect(channel.watched).toBeUndefined();
    expect(timers).toEqual([]);
  });

  test("sends no more than a frame a second to those who come and go", () => {
    watch(1);
    come(1);
    for (let change = 2; change < 200; change++) {
      unwatch(1);
      watch(1);
      come(change);
      pass(25);
    }
    expect(published.length).toBeLessThanOrEqual(6);
  });
});

describe("typing", () => {
  let ada: User;
  beforeEach(() => {
    ada = come(1, "ada");
    watch(1);
  });

  test("is over five seconds after it was said last", () => {
    presence.typed(channel, ada);
    pass(3000);
    presence.typed(channel, ada);
    pass(4500);
    expect(allTold()).toEqual(["typing 1 ada"]);
    pass(2500);
    expect(allTold()).toEqual(["typing 1 ada", "typing 0"]);
    pass(2000);
    expect(timers).toEqual([]);
  });

  test("is over with the message", () => {
    presence.typed(channel, ada);
    pass(1500);
    presence.sent(channel, ada);
    pass(1500);
    expect(allTold()).toEqual(["typing 1 ada", "typing 0"]);
  });

  test("is over when the user goes", () => {
    presence.typed(channel, ada);
    pass(1500);
    go(ada);
    pass(1500);
    expect(allTold()).toEqual(["typing 1 ada", "0/1, typing 0"]);
  });

  test("names those who began first in front, whoever said it last", () => {
    const bob = come(2, "bob");
    presence.typed(channel, ada);
    presence.typed(channel, bob);
    presence.typed(channel, ada);
    pass(500);
    expect(allTold()).toEqual(["2/2 ada bob, typing 2 ada bob"]);
  });

  test("that goes on is told again at least every ten seconds", () => {
    for (let second = 0; second < 60; second += 3) {
      presence.typed(channel, ada);
      pass(3000);
    }
    const times = published.map(({ atMs }) => atMs);
    for (const [index, atMs] of times.slice(1).entries()) {
      expect(atMs - (times[index] ?? 0)).toBeLessThanOrEqual(10_000);
    }
    expect(new Set(allTold())).toEqual(new Set(["typing 1 ada"]));
    expect(times.length).toBeLessThan(15);
  });
});

describe("when messages need the time", () => {
  test("nothing goes out, and the next frame tells what is then true", () => {
    watch(1);
    isHigh = true;
    const ada = come(1, "ada");
    pass(5000);
    expect(published).toEqual([]);
    expect(counters.presenceFramesDropped).toBeGreaterThan(1);
    go(ada);
    come(2, "bob");
    isHigh = false;
    pass(2000);
    expect(allTold()).toEqual(["1/2 bob"]);
  });

  test("so it is when turns of the event loop come late", () => {
    watch(1);
    come(1, "ada");
    pass(3000, 26);
    expect(published).toEqual([]);
    expect(counters.presenceFramesDropped).toBeGreaterThan(0);
    pass(2000, 5);
    expect(allTold()).toEqual(["1/1 ada"]);
  });

  test("a batch that is being shown goes first", () => {
    watch(1);
    come(1, "ada");
    isUnderWay = true;
    pass(450);
    expect(published).toEqual([]);
    isUnderWay = false;
    pass(150);
    expect(allTold()).toEqual(["1/1 ada"]);
    expect(counters.presenceFramesDropped).toBe(0);
  });

  test("a picture that was on its way goes to everybody anew", () => {
    presence = newPresence({ bytesPerSecond: 100 });
    for (let lane = 0; lane < LANES; lane++) watch(1, "binary", lane);
    come(1, "ada");
    pass(150);
    expect(published).toHaveLength(1);
    isHigh = true;
    pass(10_000);
    isHigh = false;
    published = [];
    pass(200_000);
    expect(published).toHaveLength(LANES);
    expect(new Set(allTold())).toEqual(new Set(["1/1 ada"]));
  });
});

describe("all channels together", () => {
  test("stay within their bytes a second", () => {
    const bytesPerSecond = 20_000;
    presence = newPresence({ bytesPerSecond });
    watch(100);
    for (let second = 0; second < 60; second++) {
      come(second + 1);
      pass(1000);
    }
    const bytes = published.reduce((sum, { frame }) => sum + frame.length * 100, 0);
    expect(published.length).toBeGreaterThan(10);
    expect(bytes).toBeLessThan(bytesPerSecond * 60);
  });

  test("write to so many sockets in a turn, and to a lane more", () => {
    presence = newPresence({ socketsPerTurn: 150 });
    for (let lane = 0; lane < LANES; lane++) watch(100, "binary", lane);
    come(1);
    pass(5000);
    const turns = Map.groupBy(published, ({ atMs }) => atMs);
    expect([...turns.values()].every((lanes) => lanes.length <= 2)).toBe(true);
    expect(published).toHaveLength(LANES);
  });

  test("take turns: a crowd does not hold up the others", () => {
    presence = newPresence({ bytesPerSecond: 100_000 });
    const quiet = new Channel(2, "quiet", 0, 0);
    for (let lane = 0; lane < LANES; lane++) watch(500, "binary", lane);
    watch(1, "binary", 0, quiet);
    come(1);
    presence.changed(quiet);
    pass(4000);
    const topics = published.map(({ topic }) => topic);
    expect(topics).toContain(watchTopic(quiet, "binary", 0));
    expect(topics.length).toBeLessThan(LANES);
  });
});
