import { describe, expect, test } from "bun:test";
import type { HashAnswer } from "../../src/auth/hash_orders.ts";
import { Hasher, type HashWorker } from "../../src/auth/hasher.ts";
import { Refusal } from "../../src/auth/refusal.ts";
import { type Applicant, DEADLINE_MS, SignInQueue } from "../../src/auth/sign_in_queue.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { errorName } from "../../src/wire/codes.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";

/** Hashes nothing by itself: the test says when each order is done, or fails. */
class HandDrivenWorker implements HashWorker {
  readonly priority = "low";
  readonly pid = undefined;
  readonly orders: { password: string; done: (answer: HashAnswer) => void; fail: () => void }[] =
    [];

  hash(password: string): Promise<HashAnswer> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Refusal(ErrorCode.SIGN_IN_BUSY));
      this.orders.push({ password, done: resolve, fail });
    });
  }

  verify(_: string | null, password: string): Promise<HashAnswer> {
    return this.hash(password);
  }

  async stop(): Promise<void> {}

  get passwords(): string[] {
    return this.orders.map(({ password }) => password);
  }

  finish(index: number): void {
    this.orders[index]?.done({ id: index, hash: `hash of ${this.orders[index].password}` });
  }
}

function hasherOf(workers = 1) {
  const team = Array.from({ length: workers }, () => new HandDrivenWorker());
  const counters = new Counters();
  const alarms: { ms: number; call: () => void }[] = [];
  const surroundings = {
    clockMs: () => 0,
    random: () => 0.5,
    alarm: (ms: number, call: () => void) => {
      alarms.push({ ms, call });
      return () => {};
    },
  };
  const queue = new SignInQueue({ atOnce: workers, waiting: 10 }, counters, surroundings);
  const [worker] = team as [HandDrivenWorker];
  return {
    team,
    worker,
    counters,
    alarms,
    hasher: new Hasher(team, queue, counters, surroundings),
  };
}

const from = (who: string): Applicant => ({
  account: who,
  network: who,
  device: undefined,
  signal: undefined,
});

/** Lets every promise that can go on go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function refusalOf(answer: Promise<unknown>): Promise<string> {
  const error = await answer.catch((reason: unknown) => reason);
  if (!(error instanceof Refusal)) throw new Error("it was not refused");
  return errorName(error.code);
}

describe("the hasher", () => {
  test("gives each worker one password at a time", async () => {
    const { team, counters, hasher } = hasherOf(2);
    const hashes = ["a", "b", "c", "d"].map((password) => hasher.hash(password, from(password)));
    await settle();
    expect(team.map(({ passwords }) => passwords)).toEqual([["a"], ["b"]]);
    team[1]?.finish(0);
    await settle();
    expect(team.map(({ passwords }) => passwords)).toEqual([["a"], ["b", "c"]]);
    team[0]?.finish(0);
    await settle();
    team[1]?.finish(1);
    team[0]?.finish(1);
    const made = (await Promise.all(hashes)).map((answer) => "hash" in answer && answer.hash);
    expect(made).toEqual(["hash of a", "hash of b", "hash of c", "hash of d"]);
    expect(counters.hashes).toBe(4);
    expect(counters.hashMs.count).toBe(4);
  });

  test("goes on with the next after one that failed", async () => {
    const { worker, counters, hasher } = hasherOf();
    const failing = refusalOf(hasher.hash("a", from("a")));
    const next = hasher.hash("b", from("b"));
    await settle();
    worker.orders[0]?.fail();
    expect(await failing).toBe("SIGN_IN_BUSY");
    await settle();
    worker.finish(1);
    expect(await next).toMatchObject({ hash: "hash of b" });
    expect(counters.hashes).toBe(1);
  });

  test("answers by the deadline though the hash is not done, and lets nobody in by it later", async () => {
    const { worker, alarms, hasher } = hasherOf();
    const late = hasher.verify("stored", "a", from("a"));
    await settle();
    expect(alarms[0]?.ms).toBe(DEADLINE_MS);
    alarms[0]?.call();
    expect(await refusalOf(late)).toBe("SIGN_IN_BUSY");
    // The worker is not free before it is done.
    const next = hasher.hash("b", from("b"));
    await settle();
    expect(worker.passwords).toEqual(["a"]);
    worker.orders[0]?.done({ id: 0, matches: true });
    await settle();
    expect(worker.passwords).toEqual(["a", "b"]);
    worker.finish(1);
    expect(await next).toMatchObject({ hash: "hash of b" });
  });
});
