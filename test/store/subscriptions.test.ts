import { beforeEach, describe, expect, test } from "bun:test";
import type { SubscriptionChange } from "../../src/store/jobs.ts";
import { Subscriptions } from "../../src/store/subscriptions.ts";

/** A write under way; the test says how it ends. */
interface Write {
  readonly changes: SubscriptionChange[];
  succeed(): void;
  fail(): void;
}

const diskFull = new Error("the disk is full");
let writes: Write[];
let subscriptions: Subscriptions;

beforeEach(() => {
  writes = [];
  subscriptions = new Subscriptions(
    (changes) =>
      new Promise((resolve, reject) => {
        writes.push({ changes, succeed: resolve, fail: () => reject(diskFull) });
      }),
  );
});

const join = (account: number, channel: number) => subscriptions.changed(account, channel, true);
const leave = (account: number, channel: number) => subscriptions.changed(account, channel, false);
const joined = (account: number, channel: number) => ({ account, channel, joined: true });
const left = (account: number, channel: number) => ({ account, channel, joined: false });
/** Lets everything happen that waits for nothing but its turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

async function flushed(account?: number): Promise<SubscriptionChange[]> {
  const before = writes.length;
  const flush = subscriptions.flush(account);
  await turn();
  writes[before]?.succeed();
  await flush;
  return writes.slice(before).flatMap(({ changes }) => changes);
}

describe("joins and leaves", () => {
  test("are written as the net change: join-leave-join is one row, join-leave is none", async () => {
    join(1, 10);
    leave(1, 10);
    join(1, 10);
    join(1, 11);
    leave(1, 11);
    leave(2, 12);
    expect(await flushed()).toEqual([joined(1, 10), left(2, 12)]);
  });

  test("that undo each other need no write at all", async () => {
    leave(1, 10);
    join(1, 10);
    expect(subscriptions.isDirty(1)).toBe(false);
    expect(await flushed()).toEqual([]);
    expect(writes).toEqual([]);
  });

  test("are written once", async () => {
    join(1, 10);
    await flushed();
    expect(await flushed()).toEqual([]);
    expect(subscriptions.isDirty(1)).toBe(false);
  });

  test("of everybody go in one transaction", async () => {
    for (let account = 1; account <= 100; account++) join(account, 10);
    await flushed();
    expect(writes).toHaveLength(1);
    expect(writes[0]?.changes).toHaveLength(100);
  });
});

describe("a flush of one account", () => {
  test("leaves the others' changes for later", async () => {
    join(1, 10);
    join(2, 10);
    expect(await flushed(1)).toEqual([joined(1, 10)]);
    expect([subscriptions.isDirty(1), subscriptions.isDirty(2)]).toEqual([false, true]);
    expect(await flushed()).toEqual([joined(2, 10)]);
  });

  test("writes nothing where the account has no changes", async () => {
    join(2, 10);
    expect(await flushed(1)).toEqual([]);
  });
});

describe("while a flush is under way", () => {
  test("the account is dirty until it is done", async () => {
    join(1, 10);
    const flush = subscriptions.flush();
    await turn();
    expect(subscriptions.isDirty(1)).toBe(true);
    writes[0]?.succeed();
    await flush;
    expect(subscriptions.isDirty(1)).toBe(false);
  });

  test("changes wait for the next one, which starts only then", async () => {
    join(1, 10);
    const first = subscriptions.flush();
    await turn();
    leave(1, 10);
    join(1, 11);
    const second = subscriptions.flush();
    await turn();
    expect(writes).toHaveLength(1);
    writes[0]?.succeed();
    await first;
    await turn();
    expect(subscriptions.isDirty(1)).toBe(true);
    expect(writes[1]?.changes).toEqual([left(1, 10), joined(1, 11)]);
    writes[1]?.succeed();
    await second;
    expect(subscriptions.isDirty(1)).toBe(false);
  });

  test("changes are part of the next one, even if that was asked for before they were made", async () => {
    join(1, 10);
    const first = subscriptions.flush();
    await turn();
    const second = subscriptions.flush();
    join(2, 10);
    writes[0]?.succeed();
    await first;
    await turn();
    expect(writes[1]?.changes).toEqual([joined(2, 10)]);
    writes[1]?.succeed();
    await second;
  });
});

describe("a flush that fails", () => {
  test("says so, and keeps the changes for the next one", async () => {
    join(1, 10);
    leave(2, 11);
    const failing = subscriptions.flush();
    await turn();
    writes[0]?.fail();
    await expect(failing).rejects.toBe(diskFull);
    await turn();
    expect(subscriptions.isDirty(1)).toBe(true);
    expect(await flushed()).toEqual([joined(1, 10), left(2, 11)]);
  });

  test("forgets what was undone meanwhile: the file was never changed", async () => {
    join(1, 10);
    join(1, 11);
    const failing = subscriptions.flush();
    await turn();
    leave(1, 10);
    join(1, 12);
    writes[0]?.fail();
    await expect(failing).rejects.toBe(diskFull);
    await turn();
    expect(await flushed()).toEqual([joined(1, 12), joined(1, 11)]);
  });

  test("does not hold up the flush behind it", async () => {
    join(1, 10);
    const failing = subscriptions.flush(1);
    const behind = subscriptions.flush();
    await turn();
    writes[0]?.fail();
    await expect(failing).rejects.toBe(diskFull);
    await turn();
    expect(writes[1]?.changes).toEqual([joined(1, 10)]);
    writes[1]?.succeed();
    await behind;
    expect(subscriptions.isDirty(1)).toBe(false);
  });
});
