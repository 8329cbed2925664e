import { expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { startProcess } from "../support/process.ts";
import { Talker } from "../support/talker.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

test("a server whose data folder was moved elsewhere goes on as if it had been there all the time", async () => {
  const [here, there] = [makeFolder(), makeFolder()];
  const rates = { messagesPerSecond: 10_000, messageBurst: 10_000 };
  const old = await startProcess(here, rates);
  const port = Number(new URL(old.url).port);
  const talkers: Talker[] = [];
  for (const name of ["ada", "bob"]) talkers.push(await Talker.enter(old.url, name));
  for (const talker of talkers) talker.talk();
  const [ada] = talkers as [Talker, Talker];
  await until(() => ada.shown.length > 200);
  expect(await old.end("SIGTERM")).toBe(0);
  cpSync(here, there, { recursive: true });
  removeFolder(here);

  // The name that clients know leads to the other machine.
  const moved = await startProcess(there, { ...rates, port });
  try {
    const { length } = ada.shown;
    await until(() => ada.shown.length > length + 200);
    await Promise.all(talkers.map((talker) => talker.hush()));
    const sent = new Map(talkers.flatMap(({ acknowledged }) => [...acknowledged]));
    await until(() => talkers.every(({ shown }) => (shown.at(-1)?.seq ?? 0) >= sent.size));
    for (const { shown, resets } of talkers) {
      expect(resets).toEqual([]);
      expect(shown.map(({ seq, body }) => [seq, body])).toEqual(
        [...sent].sort(([one], [other]) => one - other),
      );
    }
    expect(moved.log.filter(({ level }) => level !== "info" && level !== "debug")).toEqual([]);
    await Promise.all(talkers.map(({ client }) => client.close()));
  } finally {
    await moved.end("SIGTERM");
    removeFolder(there);
  }
});
