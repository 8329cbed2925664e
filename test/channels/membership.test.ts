import { beforeEach, describe, expect, test } from "bun:test";
import type { Channel } from "../../src/channels/channel.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { MembershipBench, turn } from "./membership_bench.ts";

const ADA = 1;
const BOB = 2;

let bench: MembershipBench;
beforeEach(() => {
  bench = new MembershipBench();
});

const general = () => bench.channel("general");

describe("a user with several connections is one user", () => {
  test("online once, however many there are, until the last one is gone", () => {
    const first = bench.connect(ADA);
    const second = bench.connect(ADA);
    expect(first.user).toBe(second.user);
    expect(bench.membership.connectionsOf(ADA)).toBe(2);
    expect([...general().online.keys()]).toEqual([ADA]);
    expect(bench.counters.activeAccounts).toBe(1);
    first.disconnect();
    expect([...general().online.keys()]).toEqual([ADA]);
    second.disconnect();
    expect([...general().online.keys()]).toEqual([]);
    expect(bench.counters.activeAccounts).toBe(0);
    expect(bench.membership.connectionsOf(ADA)).toBe(0);
  });

  test("a connection that ends twice ends once", () => {
    const first = bench.connect(ADA);
    const second = bench.connect(ADA);
    first.disconnect();
    first.disconnect();
    expect(bench.membership.connectionsOf(ADA)).toBe(1);
    second.disconnect();
    second.disconnect();
    expect(bench.counters.activeAccounts).toBe(0);
  });

  test("what one connection joins and leaves, the others are told of", async () => {
    const asking = bench.connect(ADA);
    const other = bench.connect(ADA);
    const stranger = bench.connect(BOB);
    const rust = await asking.join("rust");
    expect(asking.told).toEqual(["joined rust, asked"]);
    expect(other.told).toEqual(["joined rust"]);
    other.leave((rust as Channel).id);
    expect(asking.told).toEqual(["joined rust, asked", "left rust"]);
    expect(other.told).toEqual(["joined rust", "left rust, asked"]);
    expect(stranger.told).toEqual([]);
  });

  test("joining a channel twice tells nobody and counts once", async () => {
    const ada = bench.connect(ADA);
    const members = general().memberCount;
    expect(await ada.join("General")).toBe(general());
    expect(ada.told).toEqual([]);
    expect(general().memberCount).toBe(members);
  });
});

describe("a channel", () => {
  test("counts its members, connected or not, and knows who is connected", async () => {
    expect([general().memberCount, general().online.size]).toEqual([2, 0]);
    const ada = bench.connect(ADA);
    const bob = bench.connect(BOB);
    const rust = (await ada.join("rust")) as Channel;
    await bob.join("rust");
    expect([rust.memberCount, rust.online.size]).toEqual([2, 2]);
    bob.disconnect();
    expect([rust.memberCount, [...rust.online.keys()]]).toEqual([2, [ADA]]);
    ada.leave(rust.id);
    expect([rust.memberCount, rust.online.size]).toEqual([1, 0]);
  });

  test("that was not joined cannot be left, nor can one that does not exist", async () => {
    const ada = bench.connect(ADA);
    const rust = (await ada.join("rust")) as Channel;
    const bob = bench.connect(BOB);
    expect(bob.leave(rust.id)).toBe(ErrorCode.NOT_A_MEMBER);
    expect(bob.leave(99)).toBe(ErrorCode.NO_SUCH_CHANNEL);
    expect(rust.memberCount).toBe(1);
  });

  test("is one too many for a user who is in as many as one may be", async () => {
    const ada = bench.connect(ADA);
    for (const name of ["a", "b"]) await ada.join(name);
    expect(await ada.join("c")).toBe(ErrorCode.TOO_MANY_CHANNELS);
    // One that the user is in is no further one.
    expect(await ada.join("A")).toBe(bench.channel("a"));
    ada.leave(bench.channel("a").id);
    expect(await ada.join("c")).toBe(bench.channel("c"));
  });

  test("is one too many, too, for joins that are under way at the same time", async () => {
    const ada = bench.connect(ADA);
    const joins = await Promise.all(["a", "b", "c", "d"].map((name) => ada.join(name)));
    expect(joins.filter((found) => found === ErrorCode.TOO_MANY_CHANNELS)).toHaveLength(2);
    expect(ada.user.channels.size).toBe(3);
  });
});

describe("a new account", () => {
  const EVE = 3;
  beforeEach(() => bench.stored.set(EVE, new Set([1])));

  test("is counted as a member when it is made, and not again when it connects", () => {
    bench.membership.count(EVE);
    expect(general().memberCount).toBe(3);
    bench.connect(EVE).disconnect();
    bench.connect(EVE);
    expect(general().memberCount).toBe(3);
  });

  test("that was made beside the server is counted when it first connects, and only then", async () => {
    const eve = bench.connect(EVE);
    expect(general().memberCount).toBe(3);
    bench.membership.count(EVE);
    eve.leave(1);
    eve.disconnect();
    await bench.written();
    bench.connect(EVE);
    expect(general().memberCount).toBe(2);
  });

  test("is not one that was counted at the start", () => {
    bench.membership.count(ADA);
    bench.connect(ADA);
    expect(general().memberCount).toBe(2);
  });
});

describe("what a user joined and left", () => {
  test("is written when the last connection ends, and is there at the next one", async () => {
    const first = bench.connect(ADA);
    const second = bench.connect(ADA);
    const rust = (await first.join("rust")) as Channel;
    first.leave(general().id);
    first.disconnect();
    await turn();
    expect(bench.writes).toEqual([]);
    second.disconnect();
    await bench.written();
    expect([...(bench.stored.get(ADA) ?? [])]).toEqual([rust.id]);
    expect([...bench.connect(ADA).user.channels.keys()]).toEqual([rust.id]);
  });

  test("stays in memory until it is written: who comes back before finds it", async () => {
    const before = bench.connect(ADA);
    const rust = (await before.join("rust")) as Channel;
    before.disconnect();
    await turn();
    // The write is under way, and the file does not have it yet.
    const after = bench.connect(ADA);
    expect(after.user).toBe(before.user);
    expect(after.user.channels.has(rust.id)).toBe(true);
    expect([...rust.online.keys()]).toEqual([ADA]);
    await bench.written();
    // Connected, so not forgotten.
    expect(bench.membership.connectionsOf(ADA)).toBe(1);
    expect(bench.connect(ADA).user).toBe(before.user);
  });

  test("is forgotten by memory only when it is written", async () => {
    const before = bench.connect(ADA);
    await before.join("rust");
    before.disconnect();
    await bench.refused();
    expect(bench.failures).toBe(1);
    const meanwhile = bench.connect(ADA);
    expect(meanwhile.user).toBe(before.user);
    meanwhile.disconnect();
    await bench.written();
    // Written and gone: the next connection reads the file.
    expect(bench.connect(ADA).user).not.toBe(before.user);
  });

  test("waits for the next flush of everybody where the disk refused it", async () => {
    const ada = bench.connect(ADA);
    const rust = (await ada.join("rust")) as Channel;
    ada.disconnect();
    await bench.refused();
    const flush = bench.membership.flush();
    await bench.written();
    await flush;
    expect([...(bench.stored.get(ADA) ?? [])]).toEqual([general().id, rust.id]);
    expect(bench.connect(ADA).user).not.toBe(ada.user);
  });

  test("is flushed on a timer while the user is connected, who is not forgotten by it", async () => {
    const ada = bench.connect(ADA);
    const rust = (await ada.join("rust")) as Channel;
    const flush = bench.membership.flush();
    await bench.written();
    await flush;
    expect(bench.stored.get(ADA)?.has(rust.id)).toBe(true);
    expect(bench.connect(ADA).user).toBe(ada.user);
  });
});

describe("nobody is two users at once", () => {
  test("though a join outlives the connection that asked for it", async () => {
    const ada = bench.connect(ADA);
    bench.holdCreation();
    const join = ada.join("rust");
    ada.disconnect();
    await turn();
    const again = bench.connect(ADA);
    bench.createNow();
    await join;
    // Nobody waited for it, so it was not carried out: the client asks again.
    expect(bench.channel("rust").memberCount).toBe(0);
    await again.join("rust");
    expect(bench.channel("rust").memberCount).toBe(1);
    again.disconnect();
    await bench.written();
    expect([...bench.connect(ADA).user.channels.keys()]).toEqual([1, bench.channel("rust").id]);
  });

  test("though a flush of an earlier connection ends when there is a new one", async () => {
    const bob = bench.connect(BOB);
    await bob.join("a");
    // A flush is under way; Ada's own waits behind it.
    const everybody = bench.membership.flush();
    await turn();
    const first = bench.connect(ADA);
    first.disconnect();
    // Another flush of Bob's, and then Ada's second.
    await bob.join("b");
    bob.disconnect();
    const second = bench.connect(ADA);
    second.disconnect();
    await bench.written();
    await everybody;
    // Ada's first flush has ended, and Ada was forgotten. Bob's is at the writer.
    const third = bench.connect(ADA);
    expect(third.user).not.toBe(second.user);
    await bench.written();
    expect(bench.membership.connectionsOf(ADA)).toBe(1);
    expect(bench.connect(ADA).user).toBe(third.user);
  });
});
