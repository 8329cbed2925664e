import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Committer } from "../../../src/store/committer.ts";
import { messageChanges } from "../../../src/store/message_changes.ts";
import { RetentionClock } from "../../../src/store/retention/clock.ts";
import { type Limits, limitReads, setLimits } from "../../../src/store/retention/limits.ts";
import { retentionReads } from "../../../src/store/retention/reads.ts";
import { type KeptChannel, Retention } from "../../../src/store/retention/retention.ts";
import { InProcessStore } from "../../support/in_process_store.ts";
import { commit, drafts } from "../batches.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;
const START_MS = 1_800_000_000_000;

let store: InProcessStore;
let wallMs: number;
let clockMs: number;

beforeEach(() => {
  store = new InProcessStore();
  wallMs = START_MS;
  clockMs = 0;
});
afterEach(() => store.close());

const bytesOf = (channel: number, from: number, to: number) =>
  retentionReads(store.reading).bytesOf(channel, from, to);

const ownClock = (storedMs = START_MS) =>
  new RetentionClock({ nowMs: () => wallMs, clockMs: () => clockMs, storedMs });

interface Settings {
  readonly keepDays?: number;
  readonly keepBytes?: number;
  /** What the database takes beside messages. */
  readonly besideBytes?: number;
}

/** A server's retention without the server: its channels, limits and clocks are the test's. */
function retaining(settings: Settings = {}, clock = ownClock()) {
  const committer = new Committer(store.writing);
  const channels = new Map<number, KeptChannel & { head: number; rewrites: number }>(
    [1, 2].map((id) => [id, { id, head: 0, gone: 0, rewrites: 0 }]),
  );
  store.writing.run(
    "INSERT OR IGNORE INTO channel (id, name, name_key, created_ms) VALUES (2, 'two', 'two', 0)",
  );
  const reads = retentionReads(store.reading);
  const rowAt = store.reading.prepare<{ id: number }, [number]>(
    "SELECT newest_id AS id FROM arrival_mark WHERE time_ms <= ? ORDER BY time_ms DESC LIMIT 1",
  );
  const { besideBytes = 0 } = settings;
  const unheld: number[] = [];
  const failures: unknown[] = [];
  let unit = 0;
  const retention = new Retention({
    keepDays: 0,
    keepBytes: 0,
    ...settings,
    channels: () => [...channels.values()],
    channel: (id) => channels.get(id),
    ownLimits: limitReads(store.reading),
    bytesUsed: () => besideBytes + reads.bytesOf(1, 1, 1e9) + reads.bytesOf(2, 1, 1e9),
    bytesBeside: async () => besideBytes,
    rowAt: (timeMs) => rowAt.get(timeMs)?.id ?? 0,
    oldestRows: async (ids) => reads.oldestRows(ids),
    bytesOf: async (channel, from, to) => reads.bytesOf(channel, from, to),
    run: store.run,
    clock,
    rest: () => Promise.resolve(),
    trimmed: () => {},
    unheld: (bytes) => unheld.push(bytes),
    failed: (error) => failures.push(error),
  });
  return {
    clock,
    unheld,
    failures,
    channel: (id: number) => channels.get(id) as KeptChannel,
    say(channel: number, count: number) {
      commit(committer, drafts(channel, count, `${unit++}`));
      (channels.get(channel) as { head: number }).head += count;
    },
    /** Lets time pass on both clocks, with a look every quarter of an hour. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= HOUR_MS / 4) {
        wallMs += HOUR_MS / 4;
        clockMs += HOUR_MS / 4;
        await retention.tick();
      }
    },
    tick: () => retention.tick(),
    /** Deletes the text of messages, as a command does beside the server. */
    empty(channel: number, seqs: readonly number[]) {
      const { deleteMessage } = messageChanges(store.writing);
      for (const seq of seqs) expect(deleteMessage(channel, seq)).toBe(true);
      (channels.get(channel) as { rewrites: number }).rewrites += seqs.length;
    },
    limit: (channel: number, limits: Partial<Limits>) =>
      setLimits(store.writing, channel, {
        isForever: false,
        days: null,
        messages: null,
        bytes: null,
        ...limits,
      }),
    /** What is kept of a channel: `4-9`. */
    kept(channel: number) {
      const { gone, head } = channels.get(channel) as KeptChannel;
      const seqs = store.reading
        .query<{ seq: number }, [number]>(
          "SELECT seq FROM message WHERE channel_id = ? ORDER BY seq",
        )
        .all(channel)
        .map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: head - gone }, (_, index) => gone + 1 + index));
      return `${gone + 1}-${head}`;
    },
  };
}

describe("messages go", () => {
  test("by their age, to the hour, where there is a limit in days", async () => {
    const server = retaining({ keepDays: 2 });
    await server.tick();
    server.say(1, 250);
    await server.pass(DAY_MS);
    server.say(1, 5);
    server.say(2, 5);
    await server.pass(DAY_MS - HOUR_MS);
    expect(server.kept(1)).toBe("1-255");
    await server.pass(3 * HOUR_MS);
    expect(server.kept(1)).toBe("251-255");
    await server.pass(2 * DAY_MS);
    expect([server.kept(1), server.kept(2)]).toEqual(["256-255", "6-5"]);
    server.say(1, 1);
    await server.pass(DAY_MS);
    expect(server.kept(1)).toBe("256-256");
  });

  test("by a channel's own limits in place of the days of all", async () => {
    const server = retaining({ keepDays: 1 });
    server.limit(2, { isForever: true });
    await server.tick();
    server.say(1, 10);
    server.say(2, 10);
    await server.pass(3 * DAY_MS);
    expect([server.kept(1), server.kept(2)]).toEqual(["11-10", "1-10"]);
    server.limit(2, { messages: 3 });
    await server.tick();
    expect(server.kept(2)).toBe("8-10");
    server.say(2, 2);
    await server.tick();
    expect(server.kept(2)).toBe("10-12");
    server.limit(2, { days: 1 });
    await server.pass(2 * DAY_MS);
    expect(server.kept(2)).toBe("13-12");
  });

  test("by what they take, and none more than is needed", async () => {
    const server = retaining();
    server.say(1, 100);
    const one = retentionReads(store.reading).bytesOf(1, 100, 100);
    server.limit(1, { bytes: one * 10 });
    await server.tick();
    const [first = 0] = server.kept(1).split("-").map(Number);
    // The first messages are a little smaller, for their numbers and bodies are.
    expect(first).toBe(91);
    server.say(1, 10);
    await server.tick();
    const rest = retentionReads(store.reading).bytesOf(1, 1, 1000);
    expect(rest).toBeLessThanOrEqual(one * 10);
    expect(rest).toBeGreaterThan(one * 8);
    server.kept(1);
  });

  test("by what they take, where some have been emptied since they were counted", async () => {
    const server = retaining();
    server.say(1, 100);
    server.limit(1, { bytes: bytesOf(1, 1, 100) });
    await server.tick();
    expect(server.kept(1)).toBe("1-100");
    server.empty(
      1,
      [...Array(50).keys()].map((index) => index + 1),
    );
    server.limit(1, { bytes: bytesOf(1, 1, 100) });
    await server.tick();
    expect(server.kept(1)).toBe("1-100");
    server.limit(1, { bytes: bytesOf(1, 51, 100) });
    await server.tick();
    expect(server.kept(1)).toBe("51-100");
  });

  test("by two limits at once: as far as the stricter says, and not one message further", async () => {
    const server = retaining();
    server.say(1, 300);
    server.limit(1, { messages: 150, bytes: bytesOf(1, 101, 300) });
    await server.tick();
    expect(server.kept(1)).toBe("151-300");
    server.limit(1, { messages: 150, bytes: bytesOf(1, 221, 300) });
    await server.tick();
    expect(server.kept(1)).toBe("221-300");
    // What went for another reason had not been counted, or has been: the sum is right in the end.
    server.limit(1, { messages: 40 });
    server.say(1, 100);
    await server.tick();
    server.limit(1, { bytes: bytesOf(1, 371, 400) });
    await server.tick();
    expect(server.kept(1)).toBe("371-400");
  });

  test("but for the newest, where that alone is larger than its channel may be", async () => {
    const server = retaining();
    server.say(1, 5);
    server.limit(1, { bytes: 1 });
    await server.tick();
    expect(server.kept(1)).toBe("5-5");
    server.limit(1, { messages: 1, bytes: 1 });
    server.say(1, 1);
    await server.tick();
    expect(server.kept(1)).toBe("6-6");
  });

  test("when the database is too large: what came first, wherever it is, and none more than that", async () => {
    const server = retaining({ keepBytes: 100_000 });
    for (const channel of [1, 2, 1]) server.say(channel, 2500);
    await server.tick();
    expect(server.kept(2)).toBe("2501-2500");
    const bytes = bytesOf(1, 1, 5000);
    expect(bytes).toBeLessThanOrEqual(100_000);
    // One job's messages may be too many.
    expect(bytes).toBeGreaterThan(100_000 - 100 * 60);
    expect([server.kept(1), server.unheld]).toEqual([`${server.channel(1).gone + 1}-5000`, []]);
  });

  test("not all of them when what may not go is too large: half of the limit is theirs", async () => {
    const server = retaining({ keepBytes: 20_000, besideBytes: 1_000_000 });
    server.say(1, 1000);
    await server.tick();
    const bytes = bytesOf(1, 1, 1000);
    expect(bytes).toBeLessThanOrEqual(10_000);
    expect(bytes).toBeGreaterThan(10_000 - 100 * 60);
    expect(server.unheld).toEqual([1_010_000]);
  });

  test("not those that are kept for ever, and not all others for their sake", async () => {
    const server = retaining({ keepBytes: 20_000 });
    server.limit(2, { isForever: true });
    server.say(2, 1000);
    server.say(1, 1000);
    await server.tick();
    expect(server.kept(2)).toBe("1-1000");
    // By what messages take on the disk, which is more than they are here: so none of these has to go yet.
    expect(server.kept(1)).toBe("1-1000");
    expect(server.unheld).toHaveLength(1);
    server.limit(2, { days: 1000 });
    await server.tick();
    expect(server.kept(2)).toBe("1001-1000");
    expect(bytesOf(1, 1, 1000)).toBeLessThanOrEqual(20_000);
  });

  test("a little later, where the disk refuses, and that is said once", async () => {
    const server = retaining();
    server.say(1, 10);
    server.limit(1, { messages: 3 });
    store.writing.run("PRAGMA query_only = ON");
    for (let count = 0; count < 3; count++) await server.tick();
    expect([server.kept(1), server.failures.length]).toEqual(["1-10", 1]);
    store.writing.run("PRAGMA query_only = OFF");
    await server.tick();
    expect([server.kept(1), server.failures.length]).toEqual(["8-10", 1]);
  });

  test("never, where there is no limit", async () => {
    const server = retaining();
    server.say(1, 10);
    await server.pass(40 * DAY_MS);
    expect(server.kept(1)).toBe("1-10");
  });
});

describe("a clock that is wrong", () => {
  test("by years ahead makes messages go a day early for each hour that it is, at most", async () => {
    const server = retaining({ keepDays: 3 });
    await server.tick();
    server.say(1, 10);
    await server.pass(2 * HOUR_MS);
    wallMs += 5 * YEAR_MS;
    await server.pass(2 * HOUR_MS);
    server.say(1, 10);
    expect(server.kept(1)).toBe("1-20");
    expect(server.clock.aheadMs).toBeGreaterThan(4 * YEAR_MS);
    wallMs -= 5 * YEAR_MS;
    await server.pass(12 * HOUR_MS);
    expect(server.kept(1)).toBe("1-20");
    expect(Math.round(server.clock.aheadMs / HOUR_MS)).toBe(-45);
  });

  test("and was so when the server first ran keeps nothing for years: ages go on", async () => {
    wallMs += 5 * YEAR_MS;
    const server = retaining({ keepDays: 2 });
    await server.tick();
    server.say(1, 10);
    await server.pass(HOUR_MS);
    wallMs -= 5 * YEAR_MS;
    await server.pass(DAY_MS);
    expect(server.kept(1)).toBe("1-10");
    await server.pass(DAY_MS + 4 * HOUR_MS);
    expect(server.kept(1)).toBe("11-10");
  });

  test("by years behind, for a time, makes none go and none stay for longer", async () => {
    const server = retaining({ keepDays: 2 });
    await server.tick();
    server.say(1, 10);
    await server.pass(DAY_MS);
    wallMs -= 50 * YEAR_MS;
    server.say(1, 10);
    await server.pass(6 * HOUR_MS);
    expect(server.kept(1)).toBe("1-20");
    wallMs += 50 * YEAR_MS;
    await server.pass(DAY_MS);
    expect(server.kept(1)).toBe("11-20");
    await server.pass(DAY_MS + HOUR_MS);
    expect(server.kept(1)).toBe("21-20");
  });

  test("while the server is off changes nothing at once when it starts", async () => {
    const before = retaining({ keepDays: 2 });
    await before.tick();
    before.say(1, 10);
    await before.pass(DAY_MS);
    const stored = store.reading
      .query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'retention_ms'")
      .get();
    expect(Number(stored?.value)).toBe(START_MS + DAY_MS);
    wallMs += 10 * YEAR_MS;
    clockMs = 0;
    const clock = ownClock(Number(stored?.value));
    expect(clock.now()).toBe(START_MS + DAY_MS);
    clockMs += HOUR_MS;
    expect(clock.now()).toBe(START_MS + 2 * DAY_MS);
  });
});
