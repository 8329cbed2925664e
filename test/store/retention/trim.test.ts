import type { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Committer, Outcome } from "../../../src/store/committer.ts";
import { retentionJobs, type TrimOrder } from "../../../src/store/retention/jobs.ts";
import { openForWriting } from "../../../src/store/schema.ts";
import { makeFolder, removeFolder } from "../../support/temp.ts";
import { commit, drafts } from "../batches.ts";

let folder: string;
let db: Database;
let committer: Committer;
let jobs: ReturnType<typeof retentionJobs>;

beforeEach(() => {
  folder = makeFolder();
  open();
  db.run("INSERT INTO channel (name, name_key, created_ms) VALUES ('two', 'two', 0)");
});

afterEach(() => {
  db.close();
  removeFolder(folder);
});

function open(): void {
  db = openForWriting(join(folder, "hubbub.db"), "committed");
  committer = new Committer(db);
  jobs = retentionJobs(db);
}

function kept(channel: number): number[] {
  return db
    .query<{ seq: number }, [number]>("SELECT seq FROM message WHERE channel_id = ? ORDER BY seq")
    .all(channel)
    .map(({ seq }) => seq);
}

const order = (channel: number, upToSeq: number, more: Partial<TrimOrder> = {}): TrimOrder => ({
  channel,
  head: Number.MAX_SAFE_INTEGER,
  upToSeq,
  upToRow: 0,
  bytes: 0,
  ...more,
});

function rowsMarked(timeMs: number): number | undefined {
  return db
    .query<{ id: number }, [number]>("SELECT newest_id AS id FROM arrival_mark WHERE time_ms = ?")
    .get(timeMs)?.id;
}

describe("trimming", () => {
  test("removes the oldest, so many at once, and says where it has come to", () => {
    commit(committer, [...drafts(1, 5, "a"), ...drafts(2, 5, "b")]);
    expect(jobs.trim([order(1, 4), order(2, 2)], 3)).toMatchObject({
      trimmed: [{ channel: 1, gone: 3, messages: 3 }],
      done: 0,
    });
    expect(jobs.trim([order(1, 4), order(2, 2)], 3)).toMatchObject({
      trimmed: [
        { channel: 1, gone: 4, messages: 1 },
        { channel: 2, gone: 2, messages: 2 },
      ],
      done: 2,
    });
    expect(jobs.trim([order(1, 4), order(2, 2)], 3)).toMatchObject({ trimmed: [], done: 2 });
    expect([kept(1), kept(2)]).toEqual([[5], [3, 4, 5]]);
  });

  test("goes as far as one of its bounds says, and not beyond the head", () => {
    commit(committer, drafts(1, 9, "a"));
    const gone = (order: TrimOrder) => jobs.trim([order], 100).trimmed[0]?.gone;
    expect(gone(order(1, 0, { upToRow: 2 }))).toBe(2);
    // One more is needed for the first byte.
    expect(gone(order(1, 0, { bytes: 1 }))).toBe(3);
    // What goes for its number is not counted again for its bytes.
    expect(gone(order(1, 5, { bytes: 3 }))).toBe(5);
    expect(gone(order(1, 9, { head: 6 }))).toBe(6);
    // The newest stays, whatever it takes.
    expect(gone(order(1, 0, { head: 9, bytes: 1_000_000 }))).toBe(8);
    expect(kept(1)).toEqual([9]);
  });

  test("says which orders are carried out, where there are too many messages for one job", () => {
    commit(committer, [...drafts(1, 2, "a"), ...drafts(2, 5, "b")]);
    const orders = [order(1, 2), order(2, 5)];
    expect(jobs.trim(orders, 4)).toMatchObject({
      trimmed: [
        { channel: 1, gone: 2 },
        { channel: 2, gone: 2 },
      ],
      done: 1,
    });
    expect(jobs.trim(orders.slice(1), 4)).toMatchObject({ trimmed: [{ gone: 5 }], done: 1 });
  });

  test("of all messages of a channel leaves its numbering as it was, also for the next server", () => {
    commit(committer, drafts(1, 3, "a"));
    jobs.trim([order(1, 3)], 100);
    expect([...commit(committer, drafts(1, 1, "b")).seqs]).toEqual([4]);
    jobs.trim([order(1, 4)], 100);
    db.close();
    open();
    expect([...commit(committer, drafts(1, 2, "c")).seqs]).toEqual([5, 6]);
    expect(kept(1)).toEqual([5, 6]);
  });

  test("forgets nonces with their messages, and no others", () => {
    const [gone, still] = [drafts(1, 1, "a"), drafts(1, 1, "b")];
    commit(committer, [...gone, ...still]);
    jobs.trim([order(1, 1)], 100);
    const { outcomes, seqs } = commit(committer, [...still, ...gone]);
    expect([...outcomes]).toEqual([Outcome.DUPLICATE, Outcome.KEPT]);
    expect(seqs[1]).toBe(3);
  });

  test("gives its space to the messages that come", () => {
    const pages = () => Number(Object.values(db.query("PRAGMA page_count").get() as object)[0]);
    const round = (name: string) => commit(committer, drafts(1, 2000, name));
    round("a");
    const before = pages();
    for (let turn = 1; turn <= 4; turn++) {
      while (jobs.trim([order(1, 2000 * turn)], 500).done === 0);
      round(`b${turn}`);
    }
    expect(pages()).toBeLessThan(before * 1.3);
  });
});

describe("marks of arrival", () => {
  const HOUR_MS = 3_600_000;

  test("are made once an hour", () => {
    commit(committer, drafts(1, 2, "a"));
    jobs.markArrivals(1000);
    commit(committer, drafts(1, 2, "b"));
    jobs.markArrivals(1000 + HOUR_MS - 1);
    jobs.markArrivals(1000 + HOUR_MS);
    expect([rowsMarked(1000), rowsMarked(1000 + HOUR_MS)]).toEqual([2, 4]);
    expect(db.query("SELECT count(*) AS n FROM arrival_mark").get()).toEqual({ n: 2 });
  });

  test("never make a later message older, whatever rows are deleted and their ids given again", () => {
    commit(committer, drafts(1, 5, "a"));
    jobs.markArrivals(1000);
    commit(committer, drafts(2, 5, "b"));
    jobs.markArrivals(1000 + HOUR_MS);
    // Not by retention: in any order, as when a channel is deleted.
    db.run("DELETE FROM message WHERE id IN (4, 8, 9)");
    db.run("DELETE FROM message WHERE id >= 3");
    expect([rowsMarked(1000), rowsMarked(1000 + HOUR_MS)]).toEqual([2, 2]);
    db.run("DELETE FROM message");
    expect([rowsMarked(1000), rowsMarked(1000 + HOUR_MS)]).toEqual([0, 0]);
  });

  test("are forgotten with the messages that they tell of", () => {
    for (let hour = 0; hour < 5; hour++) {
      commit(committer, drafts(1, 2, `${hour}`));
      jobs.markArrivals(hour * HOUR_MS);
    }
    jobs.trim([order(1, 6)], 100);
    jobs.markArrivals(6 * HOUR_MS);
    const times = db.query<{ time_ms: number }, []>("SELECT time_ms FROM arrival_mark").all();
    expect(times.map(({ time_ms }) => time_ms / HOUR_MS)).toEqual([2, 3, 4, 6]);
  });
});
