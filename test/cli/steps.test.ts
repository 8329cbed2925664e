import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { inSteps } from "../../src/cli/steps.ts";
import { openForWriting } from "../../src/store/schema.ts";
import { folder } from "../support/command.ts";

const PAGE_BYTES = 4096;
const PAGES = 50;
const STEPS = 100;

/** Rewrites as many pages in each step; returns how large the WAL became. */
async function walAfter(file: string, checkpoints: "own" | "external"): Promise<number> {
  const db = openForWriting(file, "committed");
  db.run("INSERT INTO meta VALUES ('large', ?)", ["a".repeat(PAGES * PAGE_BYTES)]);
  let left = STEPS;
  await inSteps(db, { checkpoints }, () => {
    const letter = left % 2 === 0 ? "b" : "c";
    db.run("UPDATE meta SET value = ? WHERE key = 'large'", [letter.repeat(PAGES * PAGE_BYTES)]);
    return --left > 0;
  });
  const { size } = statSync(`${file}-wal`);
  db.close();
  return size;
}

test("steps without a server do not let the WAL grow with what they write, but leave it to another program", async () => {
  using data = folder();
  const all = PAGES * PAGE_BYTES * STEPS;
  expect(await walAfter(data.db, "own")).toBeLessThan(all / 3);
  expect(await walAfter(`${data.db}-2`, "external")).toBeGreaterThan(all / 2);
});
