import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loggedEvents } from "./log_events.ts";

test("OPERATIONS.md lists the events of the log, as the sources have them", () => {
  const text = readFileSync(join(import.meta.dir, "../../docs/OPERATIONS.md"), "utf8");
  const listed = [...text.matchAll(/^\| (info|warn|error|fatal) \| `(.+?)` \|/gm)].map(
    ([, level, message]) => `${level}: ${message}`,
  );
  const logged = new Set(loggedEvents().map(({ level, message }) => `${level}: ${message}`));
  expect(listed.length).toBeGreaterThan(30);
  expect(listed.toSorted()).toEqual([...logged].sort());
});
