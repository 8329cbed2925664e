import { expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { startProcess } from "../support/process.ts";
import { Talkers } from "../support/talkers.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

test("a server whose data folder was moved elsewhere goes on as if it had been there all the time", async () => {
  const [here, there] = [makeFolder(), makeFolder()];
  const rates = { messagesPerSecond: 10_000, messageBurst: 10_000 };
  const old = await startProcess(here, rates);
  const port = Number(new URL(old.url).port);
  const talkers = await Talkers.enter(old.url, 2);
  await talkers.hear(200);
  expect(await old.end("SIGTERM")).toBe(0);
  cpSync(here, there, { recursive: true });
  removeFolder(here);

  // The name that clients know leads to the other machine.
  const moved = await startProcess(there, { ...rates, port });
  try {
    await talkers.hear(200);
    await talkers.hush();
    await talkers.expectWhole();
    expect(moved.log.filter(({ level }) => level !== "info" && level !== "debug")).toEqual([]);
    await talkers.close();
  } finally {
    await moved.end("SIGTERM");
    removeFolder(there);
  }
});
