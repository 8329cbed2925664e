import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import type { Page } from "../../src/store/reader.worker.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { ServerFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { batchOf, type Draft, drafts, frameOf } from "./batches.ts";

const CHANNEL = 5;
const COUNT = 100;
const small = drafts(CHANNEL, COUNT, "small");
/** Each takes a quarter of what a page may hold. */
const large = drafts(6, 10, "large", "x".repeat(32 * 1024));
/** Each takes more than a page may hold. */
const huge = drafts(7, 3, "huge", "x".repeat(200 * 1024));

let folder: string;
let store: Store;

beforeAll(async () => {
  folder = makeFolder();
  store = await openStore(join(folder, "hubbub.db"), "committed", (error) => {
    throw error;
  });
  // Neighbours in the file on both sides, which no page may show.
  for (const entries of [drafts(4, 3, "below"), small, large, huge, drafts(8, 3, "above")]) {
    await store.writer.commit(batchOf(entries), entries.length);
  }
});

afterAll(async () => {
  await store.close();
  removeFolder(folder);
});

function seqsOf({ records }: Page): number[] {
  return fromBinary(ServerFrameSchema, records).events.flatMap(({ event }) =>
    event.case === "message" ? [event.value.seq] : [],
  );
}

/** Numbers `first` to `last`. */
function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

const page = (drafts: readonly Draft[], first: number, last: number, more: boolean): Page => ({
  records: frameOf(drafts.slice(first - 1, last), first),
  count: Math.max(0, last - first + 1),
  last: last < first ? 0 : last,
  gone: 0,
  more,
});

describe("reading on from a number", () => {
  test("gives the oldest messages above it, as one frame", async () => {
    expect(await store.history.after(CHANNEL, 0, COUNT, 10)).toEqual(page(small, 1, 10, true));
    expect(await store.history.after(CHANNEL, 42, COUNT, 3)).toEqual(page(small, 43, 45, true));
  });

  test("page by page gives every message once, in order", async () => {
    const seqs: number[] = [];
    let more = true;
    while (more) {
      const next = await store.history.after(CHANNEL, seqs.at(-1) ?? 0, COUNT, 7);
      seqs.push(...seqsOf(next));
      more = next.more;
    }
    expect(seqs).toEqual(from(1, COUNT));
  });

  test("says whether there is more, to the message", async () => {
    expect(await store.history.after(CHANNEL, 90, COUNT, 9)).toMatchObject({
      last: 99,
      more: true,
    });
    expect(await store.history.after(CHANNEL, 90, COUNT, 10)).toMatchObject({
      last: 100,
      more: false,
    });
    expect(await store.history.after(CHANNEL, 90, COUNT, 11)).toMatchObject({ count: 10 });
  });

  test("goes no further than the head that is asked for, though the file holds more", async () => {
    expect(await store.history.after(CHANNEL, 40, 45, 100)).toEqual(page(small, 41, 45, false));
    expect(await store.history.after(CHANNEL, 45, 45, 100)).toEqual(page(small, 46, 45, false));
  });

  test("past the head, or in a channel that has none, gives an empty page", async () => {
    const empty: Page = { records: new Uint8Array(), count: 0, last: 0, gone: 0, more: false };
    expect(await store.history.after(CHANNEL, COUNT, COUNT, 10)).toEqual(empty);
    expect(await store.history.after(CHANNEL, 2 ** 32 - 1, COUNT, 10)).toEqual(empty);
    expect(await store.history.after(99, 0, 0, 10)).toEqual(empty);
  });
});

describe("reading back from a number", () => {
  test("gives the newest messages below it, in ascending order", async () => {
    expect(await store.history.before(CHANNEL, COUNT + 1, 4)).toEqual(page(small, 97, 100, true));
    expect(await store.history.before(CHANNEL, 11, 4)).toEqual(page(small, 7, 10, true));
  });

  test("page by page gives every message once", async () => {
    const seqs: number[] = [];
    let more = true;
    while (more) {
      const next = await store.history.before(CHANNEL, seqs[0] ?? COUNT + 1, 7);
      seqs.unshift(...seqsOf(next));
      more = next.more;
    }
    expect(seqs).toEqual(from(1, COUNT));
  });

  test("ends at the first message", async () => {
    expect(await store.history.before(CHANNEL, 4, 3)).toEqual(page(small, 1, 3, false));
    expect(await store.history.before(CHANNEL, 4, 10)).toEqual(page(small, 1, 3, false));
    expect(await store.history.before(CHANNEL, 1, 10)).toMatchObject({ count: 0, more: false });
  });
});

test("pages of any size are whole, in both directions", async () => {
  for (const limit of [1, 15, 16, 17, 31, 32, 33, 48, 99, 100, 101, 10_000]) {
    const end = Math.min(limit, COUNT);
    const more = limit < COUNT;
    expect(await store.history.after(CHANNEL, 0, COUNT, limit)).toEqual(page(small, 1, end, more));
    expect(await store.history.before(CHANNEL, COUNT + 1, limit)).toEqual(
      page(small, COUNT - end + 1, COUNT, more),
    );
  }
});

describe("a page", () => {
  test("is bounded in bytes, and says that there is more", async () => {
    const forwards = await store.history.after(6, 0, 10, 100);
    expect(forwards.more).toBe(true);
    expect(forwards.records.length).toBeLessThan(130 * 1024);
    expect(seqsOf(forwards)).toEqual(from(1, 3));
    const backwards = await store.history.before(6, 11, 100);
    expect(backwards.more).toBe(true);
    expect(seqsOf(backwards)).toEqual(from(8, 10));
  });

  test("holds one message, however large it is, so that reading gets on", async () => {
    expect(await store.history.after(7, 0, 3, 100)).toEqual(page(huge, 1, 1, true));
    expect(await store.history.after(7, 2, 3, 100)).toEqual(page(huge, 3, 3, false));
    expect(await store.history.before(7, 4, 100)).toEqual(page(huge, 3, 3, true));
    expect(await store.history.before(7, 2, 100)).toEqual(page(huge, 1, 1, false));
  });
});

test("many reads at once are answered each with its own page", async () => {
  const pages = await Promise.all(
    from(0, COUNT - 1).map((after) => store.history.after(CHANNEL, after, COUNT, 1)),
  );
  expect(pages.map(({ last }) => last)).toEqual(from(1, COUNT));
});

test("what is committed can be read at once", async () => {
  const entries = drafts(9, 2, "new");
  const result = await store.writer.commit(batchOf(entries), 2);
  expect([...result.seqs]).toEqual([1, 2]);
  expect(result.records).toEqual(frameOf(entries, 1));
  expect(await store.history.after(9, 0, 2, 10)).toEqual(page(entries, 1, 2, false));
});
