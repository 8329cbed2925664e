import { expect, test } from "bun:test";
import type { ClientState } from "../../src/client/events.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { Talker } from "../support/talker.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const TALKERS = 6;
const UPDATES = 3;

test("a new server in the place of the old one: clients notice a pause, and nothing else", async () => {
  const folder = makeFolder();
  const rates = { messagesPerSecond: 10_000, messageBurst: 10_000 };
  let server: ServerProcess = await startProcess(folder, rates);
  const settings = { ...rates, port: Number(new URL(server.url).port) };
  try {
    const talkers: Talker[] = [];
    const states = new Set<ClientState>();
    for (let index = 0; index < TALKERS; index++) {
      talkers.push(await Talker.enter(server.url, `user-${index}`));
    }
    for (const { client } of talkers) client.on("state", (state) => states.add(state));
    for (const talker of talkers) talker.talk();
    const first = talkers[0] as Talker;
    for (let round = 1; round <= UPDATES; round++) {
      const { length } = first.shown;
      await until(() => first.shown.length > length + 200);
      // As a service manager does it.
      const beganMs = performance.now();
      expect(await server.end("SIGTERM")).toBe(0);
      const stoppedMs = performance.now();
      server = await startProcess(folder, settings);
      const [stop, start] = [stoppedMs - beganMs, performance.now() - stoppedMs].map(Math.round);
      process.stderr.write(`update ${round}: stopped in ${stop} ms, listening ${start} ms later\n`);
    }
    const { length } = first.shown;
    await until(() => first.shown.length > length + 200);
    await Promise.all(talkers.map((talker) => talker.hush()));
    const silences = talkers.map(({ longestSilenceMs }) => Math.round(longestSilenceMs));
    process.stderr.write(`longest silence of each client: ${silences.join(", ")} ms\n`);

    const sent = new Map(talkers.flatMap(({ acknowledged }) => [...acknowledged]));
    await until(() => talkers.every(({ shown }) => (shown.at(-1)?.seq ?? 0) >= sent.size));
    // Everything that was sent was acknowledged, once, and the numbers are all there are.
    const total = talkers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
    expect(sent.size).toBe(total);
    const all = Array.from({ length: total }, (_, index) => [
      index + 1,
      sent.get(index + 1) as string,
    ]);
    for (const { shown, resets } of talkers) {
      expect(resets).toEqual([]);
      expect(shown.map(({ seq, body }) => [seq, body])).toEqual(all);
    }
    expect([...states].sort()).toEqual(["connecting", "online", "waiting"]);
    const notable = server.log.filter(({ level }) => level !== "info" && level !== "debug");
    expect(notable).toEqual([]);
    await Promise.all(talkers.map(({ client }) => client.close()));
  } finally {
    await server.end("SIGTERM");
    removeFolder(folder);
  }
}, 180_000);
