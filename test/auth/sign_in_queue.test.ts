import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/auth/refusal.ts";
import {
  type Applicant,
  DEADLINE_MS,
  type QueueLimits,
  SignInQueue,
  type Turn,
} from "../../src/auth/sign_in_queue.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { errorName } from "../../src/wire/codes.ts";

/** A queue whose time and chance are the test's, and a note of who had a turn. */
class Line {
  readonly counters = new Counters();
  readonly served: string[] = [];
  readonly refused: { who: string; code: string; retryAfterMs: number }[] = [];
  nowMs = 0;
  chance = 0.5;
  readonly queue: SignInQueue;
  readonly #turns: Turn[] = [];
  readonly #alarms = new Map<() => void, number>();

  constructor(limits: QueueLimits = { atOnce: 1, waiting: 100 }) {
    this.queue = new SignInQueue(limits, this.counters, {
      clockMs: () => this.nowMs,
      random: () => this.chance,
      alarm: (ms, call) => {
        this.#alarms.set(call, this.nowMs + ms);
        return () => this.#alarms.delete(call);
      },
    });
  }

  /** One more comes. `who` is its account, too, unless that is told. */
  async enter(who: string, network = who, more: Partial<Applicant> = {}): Promise<void> {
    const applicant = { account: who, network, device: undefined, signal: undefined, ...more };
    void this.queue.enter(applicant).then(
      (turn) => {
        this.served.push(who);
        this.#turns.push(turn);
      },
      (error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
        const { retryAfterMs = 0 } = error;
        this.refused.push({ who, code: errorName(error.code), retryAfterMs });
      },
    );
    await settled();
  }

  /** The hash that has run longest is done after so many ms. */
  async finish(afterMs = 10): Promise<void> {
    this.nowMs += afterMs;
    this.#turns.shift()?.done();
    await settled();
  }

  async wait(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const [call, atMs] of [...this.#alarms]) if (atMs <= this.nowMs) call();
    await settled();
  }

  get alarms(): number {
    return this.#alarms.size;
  }

  /** Those refused since the last time this was asked. */
  refusals(): string[] {
    return this.refused.splice(0).map(({ who, code }) => `${who}: ${code}`);
  }
}

/** Lets every promise that can go on go on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe("the queue", () => {
  test("lets so many hash at once, and the others in order of arrival", async () => {
    const line = new Line({ atOnce: 2, waiting: 10 });
    for (const who of ["a", "b", "c", "d"]) await line.enter(who);
    expect(line.served).toEqual(["a", "b"]);
    expect(line.counters.signInsWaiting).toBe(2);
    await line.finish();
    await line.finish();
    expect(line.served).toEqual(["a", "b", "c", "d"]);
    expect(line.counters.signInsWaiting).toBe(0);
    expect(line.counters.signInWaitMs.count).toBe(4);
  });

  test("lets networks take turns, so that a crowd of one waits behind its own", async () => {
    const line = new Line();
    await line.enter("running");
    for (let index = 0; index < 6; index += 1) await line.enter(`crowd${index}`, "one network");
    await line.enter("ada");
    await line.enter("bob");
    for (let index = 0; index < 8; index += 1) await line.finish();
    expect(line.served.slice(1, 5)).toEqual(["crowd0", "ada", "bob", "crowd1"]);
    expect(line.served).toHaveLength(9);
  });

  test("lets known devices and strangers take turns", async () => {
    const line = new Line();
    await line.enter("running");
    for (let index = 0; index < 6; index += 1) await line.enter(`stranger${index}`);
    await line.enter("ada", "home", { device: "phone" });
    await line.enter("bob", "work", { device: "laptop" });
    for (let index = 0; index < 4; index += 1) await line.finish();
    const devices = line.served.filter((who) => ["ada", "bob"].includes(who));
    expect(devices).toEqual(["ada", "bob"]);
  });

  test("lets one stranger wait for an account, and each of its devices", async () => {
    const line = new Line();
    await line.enter("running");
    await line.enter("attacker", "n1", { account: "ada" });
    await line.enter("second attacker", "n2", { account: "ada" });
    await line.enter("ada's phone", "n3", { account: "ada", device: "phone" });
    await line.enter("ada's laptop", "n3", { account: "ada", device: "laptop" });
    await line.enter("phone again", "n3", { account: "ada", device: "phone" });
    expect(line.refusals()).toEqual(["second attacker: SIGN_IN_BUSY", "phone again: SIGN_IN_BUSY"]);
    for (let index = 0; index < 4; index += 1) await line.finish();
    expect(line.served.slice(1).sort()).toEqual(["ada's laptop", "ada's phone", "attacker"]);
    // Whoever had a turn may wait again.
    await line.enter("running");
    await line.enter("attacker", "n1", { account: "ada" });
    expect(line.refusals()).toEqual([]);
  });

  test("refuses who has no place, with jitter, and holds no more than it may", async () => {
    const line = new Line({ atOnce: 1, waiting: 3 });
    await line.enter("running");
    for (let index = 0; index < 1000; index += 1) await line.enter(`n${index}`);
    expect(line.counters.signInsWaiting).toBe(3);
    expect(line.alarms).toBe(3);
    expect(line.refusals()).toHaveLength(997);
    await line.enter("ada", "home", { device: "phone" });
    expect(line.refusals()).toEqual([]);

    const waits: number[] = [];
    for (const chance of [0, 0.25, 0.999]) {
      line.chance = chance;
      await line.enter("one more");
      waits.push(line.refused.pop()?.retryAfterMs ?? 0);
    }
    expect(waits).toEqual([1000, 1250, 1999]);
  });

  test("that is full gives a newcomer the place of the last of the largest crowd", async () => {
    const line = new Line({ atOnce: 1, waiting: 4 });
    await line.enter("running");
    for (let index = 0; index < 4; index += 1) await line.enter(`crowd${index}`, "one network");
    await line.enter("ada");
    await line.enter("bob");
    await line.enter("cyd");
    const pushedOut = ["crowd3", "crowd2", "crowd1"].map((who) => `${who}: SIGN_IN_BUSY`);
    expect(line.refusals()).toEqual(pushedOut);
    // Now that each has one place, nobody is pushed out.
    await line.enter("dan");
    expect(line.refusals()).toEqual(["dan: SIGN_IN_BUSY"]);
    await line.enter("crowd again", "one network");
    expect(line.refusals()).toEqual(["crowd again: SIGN_IN_BUSY"]);
    for (let index = 0; index < 4; index += 1) await line.finish();
    expect(line.served).toEqual(["running", "crowd0", "ada", "bob", "cyd"]);
    expect(line.counters.signInsWaiting).toBe(0);
  });

  test("refuses who would have to wait more than ten seconds, by what hashes take now", async () => {
    const line = new Line({ atOnce: 1, waiting: 1000 });
    for (let index = 0; index < 20; index += 1) {
      await line.enter("slow");
      await line.finish(2000);
    }
    await line.enter("running");
    for (let index = 0; index < 10; index += 1) await line.enter(`n${index}`);
    expect(line.counters.signInsWaiting).toBe(5);
    expect(line.refusals()).toHaveLength(5);
  });

  test("sees that hashes have become slow before the one that runs is done", async () => {
    const line = new Line();
    await line.enter("running");
    await line.enter("ada");
    await line.wait(6000);
    await line.enter("bob");
    expect(line.refusals()).toEqual(["bob: SIGN_IN_BUSY"]);
  });

  test("refuses who has waited until the deadline", async () => {
    const line = new Line();
    await line.enter("running");
    await line.enter("ada");
    await line.wait(DEADLINE_MS - 1);
    expect(line.refusals()).toEqual([]);
    await line.wait(1);
    expect(line.refusals()).toEqual(["ada: SIGN_IN_BUSY"]);
    expect(line.counters.signInsWaiting).toBe(0);
    await line.finish();
    expect(line.served).toEqual(["running"]);
  });

  test("forgets who hung up, wherever in the line", async () => {
    const line = new Line();
    const clients = ["a", "b", "c"].map(() => new AbortController());
    await line.enter("running");
    for (const [index, who] of ["a", "b", "c"].entries()) {
      await line.enter(who, who, { signal: clients[index]?.signal });
    }
    clients[1]?.abort();
    await settled();
    expect(line.counters).toMatchObject({ signInsWaiting: 2, signInsAbandoned: 1 });
    expect(line.alarms).toBe(2);
    await line.enter("b");
    for (let index = 0; index < 3; index += 1) await line.finish();
    expect(line.served).toEqual(["running", "a", "c", "b"]);
    // Too late to leave: it had its turn.
    clients[0]?.abort();
    expect(line.counters.signInsAbandoned).toBe(1);
  });

  test("does not begin a hash for who has hung up already", async () => {
    const line = new Line();
    await line.enter("gone", "n", { signal: AbortSignal.abort() });
    expect(line.served).toEqual([]);
    await line.enter("ada");
    expect(line.served).toEqual(["ada"]);
  });

  test("once closed refuses everybody with GOING_AWAY", async () => {
    const line = new Line();
    await line.enter("running");
    await line.enter("ada");
    await line.enter("bob", "home", { device: "phone" });
    line.queue.close();
    await line.enter("late");
    expect(line.refusals().sort()).toEqual([
      "ada: GOING_AWAY",
      "bob: GOING_AWAY",
      "late: GOING_AWAY",
    ]);
    expect([line.counters.signInsWaiting, line.alarms]).toEqual([0, 0]);
  });
});
