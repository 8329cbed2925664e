import { expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

const GENERAL = 1;

/** What a stopped server has not copied into its database. */
function walBytes(folder: string): number {
  const wal = join(folder, "hubbub.db-wal");
  return existsSync(wal) ? statSync(wal).size : 0;
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s: clients are told, the open batch is finished, everything is written, exit 0",
  async (signal) => {
    const folder = makeFolder();
    try {
      const server = await startProcess(folder, { messageBurst: 1000 });
      const { accessToken } = await register(server.url, "ada");
      const ada = await RawConnection.open(server.url, accessToken);
      const { channel } = await ada.expect("joined", { case: "join", value: { name: "tea" } });
      const id = channel?.id as number;
      const requests = Array.from({ length: 200 }, () => ada.post(send(id, "hello")));
      // At least one must be acknowledged before the signal, so that the open batch is under way.
      await ada.answerTo(requests[0] as number);
      expect(await server.end(signal)).toBe(0);
      const notice = await ada.event("goingAway");
      expect(notice.spreadMs).toBeGreaterThan(0);
      expect((await ada.untilClosed()).code).toBe(1001);

      // Every send had exactly one answer, and what was acknowledged is there; so is the join.
      const acknowledged = requests.filter((request) => {
        const answers = ada.events.filter((event) => event.request === request);
        expect(answers.length).toBe(1);
        return answers[0]?.event.case === "sent";
      });
      expect(walBytes(folder)).toBe(0);
      const again = await startProcess(folder);
      const later = await RawConnection.open(again.url, accessToken);
      const tea = later.welcome.channels.find(({ name }) => name === "tea");
      expect(tea?.head).toBe(acknowledged.length);
      expect(await again.end("SIGTERM")).toBe(0);
    } finally {
      removeFolder(folder);
    }
  },
  20_000,
);

test("a second signal exits at once and loses no acknowledged message", async () => {
  const folder = makeFolder();
  try {
    const server = await startProcess(folder, { messageBurst: 10_000 });
    const { accessToken } = await register(server.url, "ada");
    const ada = await RawConnection.open(server.url, accessToken);
    for (let index = 0; index < 2000; index++) ada.post(send(GENERAL, "hello"));
    await ada.event("sent");
    server.signal("SIGTERM");
    await server.end("SIGTERM");
    await ada.untilClosed();
    const acknowledged = ada.events.filter(({ event }) => event.case === "sent").length;

    const again = await startProcess(folder);
    const later = await RawConnection.open(again.url, accessToken);
    expect(later.welcome.channels[0]?.head).toBeGreaterThanOrEqual(acknowledged);
    await again.end("SIGTERM");
  } finally {
    removeFolder(folder);
  }
}, 20_000);
