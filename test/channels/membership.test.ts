import { beforeEach, describe, expect, test } from "bun:test";
import type { Channel } from "../../src/channels/channel.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { MembershipFixture, turn } from "./membership_fixture.ts";

const ADA = 1;
const BOB = 2;

let fixture: MembershipFixture;
beforeEach(() => {
  fixture = new MembershipFixture();
});

const general = () => fixture.channel("general");

describe("a user with several connections is one user", () => {
  test("online once, however many there are, until the last one is gone", () => {
    const first = fixture.connect(ADA);
    const second = fixture.connect(ADA);
    expect(first.user).toBe(second.user);
    expect(fixture.membership.connectionsOf(ADA)).toBe(2);
    expect([...general().online.keys()]).toEqual([ADA]);
    expect(fixture.counters.activeAccounts).toBe(1);
    first.disconnect();
    expect([...general().online.keys()]).toEqual([ADA]);
    second.disconnect();
    expect([...general().online.keys()]).toEqual([]);
    expect(fixture.counters.activeAccounts).toBe(0);
    expect(fixture.membership.connectionsOf(ADA)).toBe(0);
  });

  test("a connection that ends twice ends once", () => {
    const first = fixture.connect(ADA);
    const second = fixture.connect(ADA);
    first.disconnect();
    first.disconnect();
    expect(fixture.membership.connectionsOf(ADA)).toBe(1);
    second.disconnect();
    second.disconnect();
    expect(fixture.counters.activeAccounts).toBe(0);
  });

  test("what one connection joins and leaves, the others are told of", async () => {
    const asking = fixture.connect(ADA);
    const other = fixture.connect(ADA);
    const stranger = fixture.connect(BOB);
    const rust = await asking.join("rust");
    expect(asking.told).toEqual(["joined rust, asked"]);
    expect(other.told).toEqual(["joined rust"]);
    other.leave((rust as Channel).id);
    expect(asking.told).toEqual(["joined rust, asked", "left rust"]);
    expect(other.told).toEqual(["joined rust", "left rust, asked"]);
    expect(stranger.told).toEqual([]);
  });

  test("joining a channel twice tells nobody and counts once", async () => {
    const ada = fixture.connect(ADA);
    const members = general().memberCount;
    expect(await ada.join("General")).toBe(general());
    expect(ada.told).toEqual([]);
    expect(general().memberCount).toBe(members);
  });
});

describe("a channel", () => {
  test("counts its members, connected or not, and knows who is connected", async () => {
    expect([general().memberCount, general().online.size]).toEqual([2, 0]);
    const ada = fixture.connect(ADA);
    const bob = fixture.connect(BOB);
    const rust = (await ada.join("rust")) as Channel;
    await bob.join("rust");
    expect([rust.memberCount, rust.online.size]).toEqual([2, 2]);
    bob.disconnect();
    expect([rust.memberCount, [...rust.online.keys()]]).toEqual([2, [ADA]]);
    ada.leave(rust.id);
    expect([rust.memberCount, rust.online.size]).toEqual([1, 0]);
  });

  test("that was not joined cannot be left, nor can one that does not exist", async () => {
    const ada = fixture.connect(ADA);
    const rust = (await ada.join("rust")) as Channel;
    const bob = fixture.connect(BOB);
    expect(bob.leave(rust.id)).toBe(ErrorCode.NOT_A_MEMBER);
    expect(bob.leave(99)).toBe(ErrorCode.NO_SUCH_CHANNEL);
    expect(rust.memberCount).toBe(1);
  });

  test("is one too many for a user who is in as many as one may be", async () => {
    const ada = fixture.connect(ADA);
    for (const name of ["a", "b"]) await ada.join(name);
    expect(await ada.join("c")).toBe(ErrorCode.TOO_MANY_CHANNELS);
    // One that the user is in is no further one.
    expect(await ada.join("A")).toBe(fixture.channel("a"));
    ada.leave(fixture.channel("a").id);
    expect(await ada.join("c")).toBe(fixture.channel("c"));
  });

  test("is one too many, too, for joins that are under way at the same time", async () => {
    const ada = fixture.connect(ADA);
    const joins = await Promise.all(["a", "b", "c", "d"].map((name) => ada.join(name)));
    expect(joins.filter((found) => found === ErrorCode.TOO_MANY_CHANNELS)).toHaveLength(2);
    expect(ada.user.channels.size).toBe(3);
  });
});

describe("a new account", () => {
  const EVE = 3;
  beforeEach(() => fixture.stored.set(EVE, new Set([1])));

  test("is counted as a member when it is made, and not again when it connects", () => {
    fixture.membership.count(EVE);
    expect(general().memberCount).toBe(3);
    fixture.connect(EVE).disconnect();
    fixture.connect(EVE);
    expect(general().memberCount).toBe(3);
  });

  test("that was made beside the server is counted when it first connects, and only then", async () => {
    const eve = fixture.connect(EVE);
    expect(general().memberCount).toBe(3);
    fixture.membership.count(EVE);
    eve.leave(1);
    eve.disconnect();
    await fixture.written();
    fixture.connect(EVE);
    expect(general().memberCount).toBe(2);
  });

  test("is not one that was counted at the start", () => {
    fixture.membership.count(ADA);
    fixture.connect(ADA);
    expect(general().memberCount).toBe(2);
  });
});

describe("what a user joined and left", () => {
  test("is written when the last connection ends, and is there at the next one", async () => {
    const first = fixture.connect(ADA);
    const second = fixture.connect(ADA);
    const rust = (await first.join("rust")) as Channel;
    first.leave(general().id);
    first.disconnect();
    await turn();
    expect(fixture.writes).toEqual([]);
    second.disconnect();
    await fixture.written();
    expect([...(fixture.stored.get(ADA) ?? [])]).toEqual([rust.id]);
    expect([...fixture.connect(ADA).user.channels.keys()]).toEqual([rust.id]);
  });

  test("stays in memory until it is written: who comes back before finds it", async () => {
    const before = fixture.connect(ADA);
    const rust = (await before.join("rust")) as Channel;
    before.disconnect();
    await turn();
    // The write is under way, and the file does not have it yet.
    const after = fixture.connect(ADA);
    expect(after.user).toBe(before.user);
    expect(after.user.channels.has(rust.id)).toBe(true);
    expect([...rust.online.keys()]).toEqual([ADA]);
    await fixture.written();
    // Connected, so not forgotten.
    expect(fixture.membership.connectionsOf(ADA)).toBe(1);
    expect(fixture.connect(ADA).user).toBe(before.user);
  });

  test("is forgotten by memory only when it is written", async () => {
    const before = fixture.connect(ADA);
    await before.join("rust");
    before.disconnect();
    await fixture.refused();
    expect(fixture.failures).toBe(1);
    const meanwhile = fixture.connect(ADA);
    expect(meanwhile.user).toBe(before.user);
    meanwhile.disconnect();
    await fixture.written();
    // Written and gone: the next connection reads the file.
    expect(fixture.connect(ADA).user).not.toBe(before.user);
  });

  test("waits for the next flush of everybody where the disk refused it", async () => {
    const ada = fixture.connect(ADA);
    const rust = (await ada.join("rust")) as Channel;
    ada.disconnect();
    await fixture.refused();
    const flush = fixture.membership.flush();
    await fixture.written();
    await flush;
    expect([...(fixture.stored.get(ADA) ?? [])]).toEqual([general().id, rust.id]);
    expect(fixture.connect(ADA).user).not.toBe(ada.user);
  });

  test("is flushed on a timer while the user is connected, who is not forgotten by it", async () => {
    const ada = fixture.connect(ADA);
    const rust = (await ada.join("rust")) as Channel;
    const flush = fixture.membership.flush();
    await fixture.written();
    await flush;
    expect(fixture.stored.get(ADA)?.has(rust.id)).toBe(true);
    expect(fixture.connect(ADA).user).toBe(ada.user);
  });
});

describe("nobody is two users at once", () => {
  test("though a join outlives the connection that asked for it", async () => {
    const ada = fixture.connect(ADA);
    fixture.holdCreation();
    const join = ada.join("rust");
    ada.disconnect();
    await turn();
    const again = fixture.connect(ADA);
    fixture.createNow();
    await join;
    // Nobody waited for it, so it was not carried out: the client asks again.
    expect(fixture.channel("rust").memberCount).toBe(0);
    await again.join("rust");
    expect(fixture.channel("rust").memberCount).toBe(1);
    again.disconnect();
    await fixture.written();
    expect([...fixture.connect(ADA).user.channels.keys()]).toEqual([1, fixture.channel("rust").id]);
  });

  test("though a flush of an earlier connection ends when there is a new one", async () => {
    const bob = fixture.connect(BOB);
    await bob.join("a");
    // A flush is under way; Ada's own waits behind it.
    const everybody = fixture.membership.flush();
    await turn();
    const first = fixture.connect(ADA);
    first.disconnect();
    // Another flush of Bob's, and then Ada's second.
    await bob.join("b");
    bob.disconnect();
    const second = fixture.connect(ADA);
    second.disconnect();
    await fixture.written();
    await everybody;
    // Ada's first flush has ended, and Ada was forgotten. Bob's is at the writer.
    const third = fixture.connect(ADA);
    expect(third.user).not.toBe(second.user);
    await fixture.written();
    expect(fixture.membership.connectionsOf(ADA)).toBe(1);
    expect(fixture.connect(ADA).user).toBe(third.user);
  });
});
