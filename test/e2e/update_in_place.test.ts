import { expect, test } from "bun:test";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { Talkers } from "../support/talkers.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

const TALKERS = 6;
const UPDATES = 3;

test("a new server in the place of the old one: clients notice a pause, and nothing else", async () => {
  const folder = makeFolder();
  const rates = { messagesPerSecond: 10_000, messageBurst: 10_000 };
  let server: ServerProcess = await startProcess(folder, rates);
  const settings = { ...rates, port: Number(new URL(server.url).port) };
  try {
    const talkers = await Talkers.enter(server.url, TALKERS);
    for (let round = 1; round <= UPDATES; round++) {
      await talkers.hear(200);
      // As a service manager does it.
      const beganMs = performance.now();
      expect(await server.end("SIGTERM")).toBe(0);
      const stoppedMs = performance.now();
      server = await startProcess(folder, settings);
      const [stop, start] = [stoppedMs - beganMs, performance.now() - stoppedMs].map(Math.round);
      process.stderr.write(`update ${round}: stopped in ${stop} ms, listening ${start} ms later\n`);
    }
    await talkers.hear(200);
    await talkers.hush();
    process.stderr.write(`${talkers.silences}\n`);
    await talkers.expectWhole();
    expect([...talkers.states].sort()).toEqual(["connecting", "online", "waiting"]);
    const notable = server.log.filter(({ level }) => level !== "info" && level !== "debug");
    expect(notable).toEqual([]);
    await talkers.close();
  } finally {
    await server.end("SIGTERM");
    removeFolder(folder);
  }
}, 180_000);
