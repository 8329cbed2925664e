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

const ownClock = (storedMs = START_MS) =>
  new RetentionClock({ nowMs: () => wallMs, clockMs: () => clockMs, storedMs });

/** A server's retention without the server: its channels, limits and clocks are the test's. */
function retaining(settings: { keepDays?: number; keepBytes?: number } = {}, clock = ownClock()) {
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
  let unit = 0;
  const retention = new Retention({
    keepDays: 0,
    keepBytes: 0,
    ...settings,
    channels: () => [...channels.values()],
    channel: (id) => channels.get(id),
    ownLimits: limitReads(store.reading),
    bytesUsed: () => reads.bytesOf(1, 1, 1e9) + reads.bytesOf(2, 1, 1e9),
    rowAt: (timeMs) => rowAt.get(timeMs)?.id ?? 0,
    oldestRows: async (ids) => reads.oldestRows(ids),
    bytesOf: async (channel, from, to) => reads.bytesOf(channel, from, to),
    run: store.run,
    clock,
    rest: () => Promise.resolve(),
    trimmed: () => {},
    failed: (error) => {
      throw error;
    },
  });
  return {
    clock,
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
    const bytesOf = (from: number, to: number) =>
      retentionReads(store.reading).bytesOf(1, from, to);
    server.limit(1, { bytes: bytesOf(1, 100) });
    await server.tick();
    expect(server.kept(1)).toBe("1-100");
    server.empty(
      1,
      [...Array(50).keys()].map((index) => index + 1),
    );
    server.limit(1, { bytes: bytesOf(1, 100) });
    await server.tick();
    expect(server.kept(1)).toBe("1-100");
    server.limit(1, { bytes: bytesOf(51, 100) });
    await server.tick();
    expect(server.kept(1)).toBe("51-100");
  });

  test("when the database is too large: what came first, wherever it is, but for ever means that", async () => {
    const server = retaining({ keepBytes: 1 });
    server.limit(2, { isForever: true });
    server.say(1, 300);
    server.say(2, 300);
    await server.tick();
    expect([server.kept(1), server.kept(2)]).toEqual(["301-300", "1-300"]);
    server.limit(2, { days: 1000 });
    await server.tick();
    expect(server.kept(2)).toBe("301-300");
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
    expect(Math.round(server.clock.aheadMs / DAY_MS)).toBe(-1);
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
