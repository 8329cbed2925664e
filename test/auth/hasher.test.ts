import { describe, expect, test } from "bun:test";
import type { HashAnswer } from "../../src/auth/hash_child.ts";
import { Hasher } from "../../src/auth/hasher.ts";
import { Refusal } from "../../src/auth/refusal.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";

/** Hashes nothing by itself: the test says when each order is done, or fails. */
class HandDrivenChild {
  readonly orders: { password: string; done: (answer: HashAnswer) => void; fail: () => void }[] =
    [];

  hash(password: string): Promise<HashAnswer> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Refusal(ErrorCode.SIGN_IN_BUSY));
      this.orders.push({ password, done: resolve, fail });
    });
  }

  verify(_: string, password: string): Promise<HashAnswer> {
    return this.hash(password);
  }

  get passwords(): string[] {
    return this.orders.map(({ password }) => password);
  }

  finish(index: number): void {
    this.orders[index]?.done({ id: index, hash: `hash of ${this.orders[index].password}` });
  }
}

function hasherOf(limits: { atOnce: number; waiting: number }) {
  const child = new HandDrivenChild();
  const counters = new Counters();
  return { child, counters, hasher: new Hasher(child, limits, counters, () => 0.5) };
}

/** Lets every promise that can go on go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("the hasher", () => {
  test("hashes no more passwords at once than it may, the others in order of arrival", async () => {
    const { child, counters, hasher } = hasherOf({ atOnce: 2, waiting: 10 });
    const hashes = ["a", "b", "c", "d", "e"].map((password) => hasher.hash(password));
    await settle();
    expect(child.passwords).toEqual(["a", "b"]);
    child.finish(1);
    await settle();
    expect(child.passwords).toEqual(["a", "b", "c"]);
    child.finish(0);
    child.finish(2);
    await settle();
    expect(child.passwords).toEqual(["a", "b", "c", "d", "e"]);
    child.finish(3);
    child.finish(4);
    expect(await Promise.all(hashes)).toEqual([
      "hash of a",
      "hash of b",
      "hash of c",
      "hash of d",
      "hash of e",
    ]);
    expect(counters.hashes).toBe(5);
  });

  test("refuses at once what its queue cannot hold, with a time that grows with the queue", async () => {
    const waits: number[] = [];
    for (const waiting of [0, 1000]) {
      const { child, hasher } = hasherOf({ atOnce: 1, waiting });
      const taken = Array.from({ length: 1 + waiting }, () => hasher.hash("taken"));
      const refusal = await hasher.hash("one too many").catch((error: unknown) => error);
      if (!(refusal instanceof Refusal)) throw new Error("it was not refused");
      expect(refusal.code).toBe(ErrorCode.SIGN_IN_BUSY);
      waits.push(refusal.retryAfterMs ?? 0);
      expect(child.orders).toHaveLength(1);
      for (let done = 0; done <= waiting; done += 1) {
        child.finish(done);
        await settle();
      }
      expect(await Promise.all(taken)).toHaveLength(1 + waiting);
    }
    expect(waits[0]).toBe(1500);
    expect(waits[1]).toBeGreaterThan(10_000);
  });

  test("takes sign-ins again as soon as there is room", async () => {
    const { child, hasher } = hasherOf({ atOnce: 1, waiting: 0 });
    const first = hasher.hash("first");
    await expect(hasher.hash("second")).rejects.toBeInstanceOf(Refusal);
    child.finish(0);
    await first;
    const third = hasher.hash("third");
    await settle();
    child.finish(1);
    expect(await third).toBe("hash of third");
  });

  test("goes on with the next after one that failed", async () => {
    const { child, counters, hasher } = hasherOf({ atOnce: 1, waiting: 1 });
    const failing = hasher.hash("a");
    const next = hasher.hash("b");
    await settle();
    child.orders[0]?.fail();
    await expect(failing).rejects.toBeInstanceOf(Refusal);
    await settle();
    child.finish(1);
    expect(await next).toBe("hash of b");
    expect(counters.hashes).toBe(1);
  });
});
