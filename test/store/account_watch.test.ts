import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { AccountWatch, type ChangedAccount } from "../../src/store/account_watch.ts";
import { accountJobs } from "../../src/store/accounts.ts";
import { openForWriting } from "../../src/store/schema.ts";
import { InProcessStore } from "../support/in_process_store.ts";

let store: InProcessStore;

beforeEach(async () => {
  store = new InProcessStore();
  for (const name of ["ada", "bob", "cyd"]) {
    await store.run("createAccount", { name, passwordHash: "none", role: "user", nowMs: 0 });
  }
});

afterEach(() => store.close());

function watching() {
  const seen: ChangedAccount[] = [];
  const watch = new AccountWatch(store.reading, {
    changed: (account) => seen.push(account),
    failed: (error) => {
      throw error;
    },
  });
  return {
    look(): ChangedAccount[] {
      watch.look();
      return seen.splice(0);
    },
  };
}

test("a change is seen once, with the account as it is by then", async () => {
  const { look } = watching();
  expect(look()).toEqual([]);
  await store.run("setRole", 2, "monitor");
  expect(look()).toEqual([{ id: 2, role: "monitor", epoch: 0, isDisabled: false }]);
  expect(look()).toEqual([]);
  await store.run("disableAccount", 2, 5);
  await store.run("setRole", 1, "admin");
  await store.run("setRole", 2, "admin");
  expect(look()).toEqual([
    { id: 1, role: "admin", epoch: 0, isDisabled: false },
    { id: 2, role: "admin", epoch: 1, isDisabled: true },
  ]);
  await store.run("enableAccount", 2);
  expect(look()).toMatchObject([{ id: 2, epoch: 1, isDisabled: false }]);
});

test("a change by another process is seen like one's own", async () => {
  const { look } = watching();
  const beside = openForWriting(join(store.folder, "hubbub.db"), "committed");
  accountJobs(beside).setPassword(3, "another hash");
  beside.close();
  expect(look()).toEqual([{ id: 3, role: "user", epoch: 1, isDisabled: false }]);
});

test("what was changed before it began to watch is nothing new", async () => {
  await store.run("setRole", 1, "admin");
  await store.run("setRole", 3, "admin");
  const { look } = watching();
  expect(look()).toEqual([]);
  await store.run("setRole", 1, "user");
  expect(look().map(({ id }) => id)).toEqual([1]);
});

test("what is no change of an account is not seen, and neither is what did not happen", async () => {
  const { look } = watching();
  const nowMs = 1;
  await store.run("createAccount", { name: "dan", passwordHash: "none", role: "user", nowMs });
  const account = { accountId: 1, passwordHash: "none", epoch: 0 };
  await store.run("beginSession", { ...account, id: "s", label: "", nowMs, expiresMs: 9 });
  await store.run("replaceHash", 1, "none", "a newer hash of the same password");
  expect(await store.run("setRole", 99, "admin")).toBe(false);
  expect(await store.run("enableAccount", 1)).toBe(false);
  const failing = store.writing.transaction(() => {
    accountJobs(store.writing).setRole(1, "admin");
    throw new Error("rolled back");
  });
  expect(failing).toThrow("rolled back");
  expect(look()).toEqual([]);
});

test("looking takes the index of changed accounts, and nothing else", () => {
  const plan = store.reading
    .query<{ detail: string }, []>(
      "EXPLAIN QUERY PLAN SELECT id FROM account WHERE revision > 5 AND revision > 0 ORDER BY revision",
    )
    .all();
  expect(plan.map(({ detail }) => detail)).toEqual([
    expect.stringContaining("USING COVERING INDEX account_revision"),
  ]);
});
