import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { MAX_SEQ } from "../../src/store/bounds.ts";
import { StoreError } from "../../src/store/errors.ts";
import { openForWriting } from "../../src/store/schema.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { batchOf, drafts } from "./batches.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = makeFolder();
  path = join(folder, "data", "hubbub.db");
});
afterEach(() => removeFolder(folder));

function open(): Promise<Store> {
  return openStore(path, "synced", (error) => {
    throw error;
  });
}

async function say(store: Store, channel: number, count: number, prefix: string): Promise<void> {
  const entries = drafts(channel, count, prefix);
  await store.writer.commit(batchOf(entries), count);
}

function walBytes(): number {
  return existsSync(`${path}-wal`) ? statSync(`${path}-wal`).size : 0;
}

/** `expect().rejects` holds up the loop that the thread's answer comes by. */
async function refusalOf(call: Promise<unknown>): Promise<StoreError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error("the call was carried out");
}

async function makeAccount(store: Store, name: string): Promise<number> {
  const account = await store.writer.run("createAccount", {
    name,
    passwordHash: "",
    role: "user",
    nowMs: 0,
  });
  if (account === "name taken") throw new Error("the name is taken");
  return account.id;
}

describe("a store", () => {
  test("makes its folder, and the file in it", async () => {
    const store = await open();
    expect(store.channels).toEqual([
      { id: 1, name: "general", head: 0, gone: 0, members: 0, isArchived: false },
    ]);
    await store.close();
    expect(existsSync(path)).toBe(true);
  });

  test("finds, when it is opened again, the channels with their heads and members", async () => {
    const first = await open();
    const ada = await makeAccount(first, "ada");
    const bob = await makeAccount(first, "bob");
    const rooms = await first.writer.run("createChannel", "Rooms", 0);
    const empty = await first.writer.run("createChannel", "empty", 0);
    await first.writer.run("writeSubscriptions", [
      { account: ada, channel: rooms, joined: true },
      { account: bob, channel: 1, joined: false },
    ]);
    await say(first, 1, 3, "a");
    await say(first, rooms, 2, "b");
    await first.close();

    const second = await open();
    expect(second.logId).toBe(first.logId);
    expect(second.channels).toEqual([
      { id: 1, name: "general", head: 3, gone: 0, members: 1, isArchived: false },
      { id: rooms, name: "Rooms", head: 2, gone: 0, members: 1, isArchived: false },
      { id: empty, name: "empty", head: 0, gone: 0, members: 0, isArchived: false },
    ]);
    expect(second.subscriptionsOf(ada)).toEqual([1, rooms]);
    expect(second.subscriptionsOf(bob)).toEqual([]);
    await second.close();
  });

  test("finds the head of a channel that is full", async () => {
    const db = openForWriting(join(folder, "full.db"), "committed");
    db.run("INSERT INTO message VALUES (NULL, 1, ?, 1, x'01', x'00')", [MAX_SEQ]);
    db.close();
    path = join(folder, "full.db");
    const store = await open();
    expect(store.channels).toMatchObject([{ id: 1, head: MAX_SEQ }]);
    await store.close();
  });

  test("has messages in the WAL while it is open, and all of them in the file when it is closed", async () => {
    const store = await open();
    await say(store, 1, 500, "a");
    expect(walBytes()).toBeGreaterThan(50_000);
    const fileBytes = statSync(path).size;
    await store.close();
    expect(walBytes()).toBe(0);
    expect(statSync(path).size).toBeGreaterThan(fileBytes);
    const again = await open();
    expect(again.channels[0]?.head).toBe(500);
    await again.close();
  });

  test("copies the WAL from another thread, and starts it over between two batches", async () => {
    const store = await open();
    await say(store, 1, 500, "a");
    expect(await store.history.checkpoint()).toBeGreaterThan(10);
    await store.writer.restartWal();
    const walBefore = walBytes();
    await say(store, 1, 1, "b");
    // The WAL began at its beginning again, so it is no longer than it was.
    expect(walBytes()).toBe(walBefore);
    expect(await store.history.checkpoint()).toBeLessThan(10);
    await store.close();
  });

  test("carries out what it was asked for before it was closed, in order", async () => {
    const store = await open();
    const asked = [
      store.writer.run("createChannel", "one", 0),
      say(store, 1, 3, "a"),
      store.writer.run("createChannel", "two", 0),
      store.history.after(1, 0, 3, 10),
    ];
    const closed = store.close();
    await Promise.all(asked);
    await closed;
    const again = await open();
    expect(again.channels.map(({ name }) => name)).toEqual(["general", "one", "two"]);
    expect(again.channels[0]?.head).toBe(3);
    await again.close();
  });

  test("refuses a job that fails with the disk's own code, and goes on", async () => {
    const store = await open();
    await store.writer.run("createChannel", "one", 0);
    const refusal = await refusalOf(store.writer.run("createChannel", "ONE", 0));
    expect(refusal.code).toBe("SQLITE_CONSTRAINT_UNIQUE");
    await store.writer.probe();
    await store.close();
  });

  test("writes of several joins and leaves all or none", async () => {
    const store = await open();
    const ada = await makeAccount(store, "ada");
    const changes = [
      { account: ada, channel: 1, joined: false },
      { account: ada, channel: 99, joined: true },
    ];
    const refusal = await refusalOf(store.writer.run("writeSubscriptions", changes));
    expect(refusal.code).toBe("SQLITE_CONSTRAINT_FOREIGNKEY");
    expect(store.subscriptionsOf(ada)).toEqual([1]);
    await store.close();
  });
});
