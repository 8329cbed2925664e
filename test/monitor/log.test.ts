import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";

const source = join(import.meta.dir, "../../src/monitor/log.ts");

// Every write to /dev/full fails as on a full disk; it is Linux's.
test.skipIf(!existsSync("/dev/full")).each(["json", "text"])(
  "a %s log that cannot be written stops nothing",
  async (format) => {
    const script = `
      import { createLog } from ${JSON.stringify(source)};
      const log = createLog("info", ${JSON.stringify(format)});
      for (let line = 0; line < 3; line++) log.info("hello");
      await Bun.sleep(50);
      process.stderr.write("still here");
    `;
    const child = Bun.spawn([process.execPath, "-e", script], {
      stdout: Bun.file("/dev/full"),
      stderr: "pipe",
    });
    const [words, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    expect([words, code]).toEqual(["still here", 0]);
  },
  30_000,
);
