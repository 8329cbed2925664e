import type { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { MAX_CHANNEL_ID, MAX_SEQ } from "../../src/store/bounds.ts";
import { Committer, Outcome } from "../../src/store/committer.ts";
import { openForWriting } from "../../src/store/schema.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { commit, type Draft, drafts, encodedAs, frameOf } from "./batches.ts";

const { KEPT, DUPLICATE, CHANNEL_FULL } = Outcome;

let folder: string;
let db: Database;
let committer: Committer;

function open(): void {
  db = openForWriting(join(folder, "hubbub.db"), "committed");
  committer = new Committer(db);
}

function reopen(): void {
  db.close();
  open();
}

beforeEach(() => {
  folder = makeFolder();
  open();
});

afterEach(() => {
  db.close();
  removeFolder(folder);
});

/** The numbers that a channel's messages have in the file. */
function kept(channel: number): number[] {
  return db
    .query<{ seq: number }, [number]>("SELECT seq FROM message WHERE channel_id = ? ORDER BY seq")
    .all(channel)
    .map(({ seq }) => seq);
}

function beats(): number {
  return (db.query("SELECT beats FROM heartbeat").get() as { beats: number }).beats;
}

function insertAt(channel: number, seq: number, draft: Draft): void {
  db.run("INSERT INTO message VALUES (NULL, ?, ?, ?, ?, ?)", [
    channel,
    seq,
    draft.author ?? 1,
    Buffer.from(draft.nonce),
    encodedAs(draft, seq),
  ]);
}

describe("numbers", () => {
  test("are 1, 2, 3, ... in each channel, whatever the order of a batch", () => {
    const first = commit(committer, [
      ...drafts(1, 2, "a"),
      ...drafts(2, 1, "b"),
      ...drafts(1, 1, "c"),
    ]);
    expect([...first.seqs]).toEqual([1, 2, 1, 3]);
    const second = commit(committer, [...drafts(2, 2, "d"), ...drafts(1, 1, "e")]);
    expect([...second.seqs]).toEqual([2, 3, 4]);
    expect([kept(1), kept(2)]).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3],
    ]);
  });

  test("go on where they were after the file was opened again", () => {
    commit(committer, drafts(1, 3, "a"));
    reopen();
    expect([...commit(committer, drafts(1, 2, "b")).seqs]).toEqual([4, 5]);
  });

  test("of the last channel there may be do not run into another's", () => {
    expect([...commit(committer, drafts(MAX_CHANNEL_ID, 2, "a")).seqs]).toEqual([1, 2]);
    expect([...commit(committer, drafts(MAX_CHANNEL_ID - 1, 1, "b")).seqs]).toEqual([1]);
    reopen();
    expect([...commit(committer, drafts(MAX_CHANNEL_ID, 1, "c")).seqs]).toEqual([3]);
  });

  test("end at 2^32 - 1; the channel is full then, and other channels are not", () => {
    insertAt(1, MAX_SEQ - 1, { channel: 1, nonce: "old" });
    const result = commit(committer, [...drafts(1, 3, "a"), ...drafts(2, 1, "b")]);
    expect([...result.outcomes]).toEqual([KEPT, CHANNEL_FULL, CHANNEL_FULL, KEPT]);
    expect([...result.seqs]).toEqual([MAX_SEQ, 0, 0, 1]);
    reopen();
    expect([...commit(committer, drafts(1, 1, "c")).outcomes]).toEqual([CHANNEL_FULL]);
    expect(kept(1)).toEqual([MAX_SEQ - 1, MAX_SEQ]);
  });
});

describe("a nonce that was used before", () => {
  const once: Draft = { channel: 1, nonce: "once", body: "said once" };
  const first = { entry: expect.any(Number), channel: 1, seq: 1, encoded: encodedAs(once, 1) };

  test("gives the first message's place, within one batch", () => {
    const result = commit(committer, [once, ...drafts(1, 1, "a"), once, ...drafts(1, 1, "b")]);
    expect([...result.outcomes]).toEqual([KEPT, KEPT, DUPLICATE, KEPT]);
    // The duplicate takes no number.
    expect([...result.seqs]).toEqual([1, 2, 0, 3]);
    expect(result.duplicates).toEqual([{ ...first, entry: 2 }]);
    expect(kept(1)).toEqual([1, 2, 3]);
  });

  test("does so in a later batch, and after the file was opened again", () => {
    commit(committer, [once]);
    expect(commit(committer, [once]).duplicates).toEqual([{ ...first, entry: 0 }]);
    reopen();
    const result = commit(committer, ["ping", once, ...drafts(1, 1, "a")]);
    expect(result.duplicates).toEqual([{ ...first, entry: 1 }]);
    expect([...result.seqs]).toEqual([0, 0, 2]);
  });

  test("does so in another channel and with another body", () => {
    commit(committer, [once]);
    const result = commit(committer, [{ channel: 2, nonce: "once", body: "said differently" }]);
    expect(result.duplicates).toEqual([{ ...first, entry: 0 }]);
    expect(result.channels).toEqual([]);
    expect(kept(2)).toEqual([]);
  });

  test("does so in a channel that is full", () => {
    commit(committer, [once]);
    insertAt(1, MAX_SEQ, { channel: 1, nonce: "last" });
    reopen();
    const result = commit(committer, [once, ...drafts(1, 1, "a")]);
    expect([...result.outcomes]).toEqual([DUPLICATE, CHANNEL_FULL]);
    expect(result.duplicates).toEqual([{ ...first, entry: 0 }]);
  });

  test("is another one when another author uses it", () => {
    commit(committer, [once]);
    const result = commit(committer, [{ ...once, author: 2 }]);
    expect([...result.outcomes]).toEqual([KEPT]);
    expect([...result.seqs]).toEqual([2]);
  });
});

describe("records", () => {
  test("are, channel by channel, what the protobuf library encodes as a ServerFrame", () => {
    commit(committer, drafts(2, 130, "before"));
    const ones = [...drafts(1, 2, "a"), { channel: 1, nonce: "Ω", body: "x".repeat(20_000) }];
    const twos = drafts(2, 2, "b", "👋");
    const { records, channels } = commit(committer, [
      ones[0] as Draft,
      twos[0] as Draft,
      "ping",
      ones[1] as Draft,
      ones[0] as Draft,
      twos[1] as Draft,
      ones[2] as Draft,
    ]);
    expect(channels.map(({ channel, first, count }) => ({ channel, first, count }))).toEqual([
      { channel: 1, first: 1, count: 3 },
      { channel: 2, first: 131, count: 2 },
    ]);
    const [one, two] = channels.map(({ begin, end }) => records.slice(begin, end));
    expect(one).toEqual(frameOf(ones, 1));
    expect(two).toEqual(frameOf(twos, 131));
  });

  test("hold in one batch far more than the memory it began with", () => {
    const many = drafts(1, 300, "large", "y".repeat(2_000));
    const { records } = commit(committer, many);
    expect(records).toEqual(frameOf(many, 1));
    const stored = db
      .query<{ encoded: Uint8Array }, []>("SELECT encoded FROM message ORDER BY seq")
      .all();
    stored.forEach(({ encoded }, index) => {
      expect(encoded).toEqual(encodedAs(many[index] as Draft, index + 1));
    });
  });
});

describe("a transaction that fails", () => {
  /** No page can be added to the file from here on. */
  function fill(): void {
    const { page_count } = db.query("PRAGMA page_count").get() as { page_count: number };
    db.run(`PRAGMA max_page_count = ${page_count}`);
  }

  const makeRoom = () => db.run("PRAGMA max_page_count = 1000000");
  const large = drafts(1, 50, "large", "z".repeat(4_000));

  test("keeps nothing, and takes no number", () => {
    commit(committer, [...drafts(1, 2, "a"), ...drafts(2, 1, "b")]);
    fill();
    expect(() => commit(committer, [...drafts(2, 1, "c"), ...large])).toThrow("full");
    expect([kept(1), kept(2)]).toEqual([[1, 2], [1]]);
    expect(db.inTransaction).toBe(false);
    makeRoom();
    const result = commit(committer, [...drafts(2, 1, "c"), ...large]);
    expect(result.outcomes.every((outcome) => outcome === KEPT)).toBe(true);
    expect([...result.seqs.slice(0, 3)]).toEqual([2, 3, 4]);
  });

  test("in a channel's first batch leaves the channel at its beginning", () => {
    fill();
    expect(() => commit(committer, large)).toThrow("full");
    makeRoom();
    expect(commit(committer, large).seqs[0]).toBe(1);
  });

  test("leaves the messages before it as they were, in the file as well", () => {
    commit(committer, drafts(1, 2, "a"));
    fill();
    expect(() => commit(committer, large)).toThrow("full");
    reopen();
    expect(kept(1)).toEqual([1, 2]);
  });
});

describe("a heartbeat", () => {
  test("is written for pings alone, so that they make the whole way to the disk", () => {
    const result = commit(committer, ["ping", "ping"]);
    expect([...result.outcomes]).toEqual([KEPT, KEPT]);
    expect(result.channels).toEqual([]);
    expect(result.records.length).toBe(0);
    expect(beats()).toBe(1);
  });

  test("is written for duplicates alone", () => {
    commit(committer, drafts(1, 1, "a"));
    const before = beats();
    commit(committer, drafts(1, 1, "a"));
    expect(beats()).toBe(before + 1);
  });

  test("is not needed where a message is written", () => {
    commit(committer, ["ping", ...drafts(1, 1, "a")]);
    expect(beats()).toBe(0);
  });

  test("is what a probe writes", () => {
    committer.probe();
    expect(beats()).toBe(1);
  });
});
