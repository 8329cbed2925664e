import { expect, test } from "bun:test";
import { join } from "node:path";
import { JobQueue } from "../../src/store/job_queue.ts";
import { openStore } from "../../src/store/store.ts";
import type { JobOrder, JobOutcome } from "../../src/store/writer.worker.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

test("while one group of jobs is at the writer, the next one gathers", async () => {
  const groups: (readonly JobOrder[])[] = [];
  const answers: ((outcomes: JobOutcome[]) => void)[] = [];
  const queue = new JobQueue((orders) => {
    groups.push(orders);
    return new Promise((resolve) => answers.push(resolve));
  });
  const jobs = ["a", "b", "c"].map((name) => queue.run("createChannel", name, 0));
  expect(groups.map((group) => group.length)).toEqual([1]);
  answers[0]?.([{ value: 1 }]);
  expect(await jobs[0]).toBe(1);
  expect(groups.map((group) => group.length)).toEqual([1, 2]);
  answers[1]?.([{ value: 2 }, { error: { code: "SQLITE_CONSTRAINT", message: "taken" } }]);
  expect(await jobs[1]).toBe(2);
  expect(await jobs[2]?.catch((error) => error.code)).toBe("SQLITE_CONSTRAINT");
});

test("a queue that is closed finishes what it took, and takes no more", async () => {
  const answer = Promise.withResolvers<JobOutcome[]>();
  const queue = new JobQueue(() => answer.promise);
  const taken = queue.run("createChannel", "a", 0);
  const closed = queue.close();
  expect(await queue.run("createChannel", "b", 0).catch((error) => error.code)).toBe("CLOSED");
  answer.resolve([{ value: 5 }]);
  expect(await taken).toBe(5);
  await closed;
});

test("a group that the disk refuses rejects all its jobs, and the next one is tried", async () => {
  let isFull = true;
  const queue = new JobQueue(async (orders) => {
    if (isFull) throw new Error("full");
    return orders.map(() => ({ value: 7 }));
  });
  const first = queue.run("createChannel", "a", 0);
  expect(await first.catch((error) => error.message)).toBe("full");
  isFull = false;
  expect(await queue.run("createChannel", "a", 0)).toBe(7);
});

test("a job that fails leaves the others of its transaction as they are", async () => {
  const folder = makeFolder();
  try {
    const store = await openStore(join(folder, "hubbub.db"), "synced", (error) => {
      throw error;
    });
    const outcomes = await Promise.allSettled(
      ["first", "tea", "TEA", "cake"].map((name) => store.writer.run("createChannel", name, 0)),
    );
    const ids = outcomes.map((outcome) => outcome.status === "fulfilled" && outcome.value);
    expect(ids).toEqual([2, 3, false, 4]);
    const names = store.reads.query("SELECT name FROM channel ORDER BY id").values().flat();
    expect(names).toEqual(["general", "first", "tea", "cake"]);
    await store.close();
  } finally {
    removeFolder(folder);
  }
});
