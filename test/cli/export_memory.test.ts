import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { makeDatabase } from "../store/backups/made_database.ts";
import { folder, PATIENCE_MS } from "../support/command.ts";
import { hubbub } from "../support/process.ts";
import { until } from "../support/wait.ts";

const MB = 1e6;
const BODY = "x".repeat(1000);

/**
 * The most memory that an export has taken, in bytes, as far as it was seen. Not what the system says of a child that
 * has ended, for that counts what this process had when the child was begun.
 */
async function peakBytes(...args: readonly string[]): Promise<number> {
  const child = Bun.spawn(hubbub("export", ...args), {
    cwd: "/",
    env: { PATH: process.env.PATH },
    stdout: "ignore",
    stderr: "inherit",
  });
  let peakKib = 0;
  await until(() => {
    peakKib = Math.max(peakKib, peakKibOf(child.pid));
    return child.exitCode !== null || child.signalCode !== null;
  });
  expect(await child.exited).toBe(0);
  return peakKib * 1024;
}

/** 0 where it is gone. */
function peakKibOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

test.skipIf(process.platform !== "linux")(
  "an export of any size takes about the memory of a small one",
  async () => {
    using there = folder();
    const [small, large] = [join(there.path, "small.db"), join(there.path, "large.db")];
    makeDatabase(small, 100, BODY);
    makeDatabase(large, 150_000, BODY);
    for (const what of [
      ["--channel", "general"],
      ["--user", "ada"],
    ]) {
      const little = await peakBytes(...what, "--data", small);
      const much = await peakBytes(...what, "--data", large);
      // What it writes are 170 MB of a channel and 340 of the user.
      expect(much - little).toBeLessThan(100 * MB);
    }
  },
  2 * PATIENCE_MS,
);
