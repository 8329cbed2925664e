import { afterEach, beforeEach, expect, test } from "bun:test";
import { copyFileSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
const PATIENCE_MS = 60_000;

let folder: string;
let data: string;
beforeEach(() => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
});
afterEach(() => removeFolder(folder));

/** Runs a server while some messages are sent; returns its log's id and its warnings. */
async function live(messages: number, ending: "SIGTERM" | "SIGKILL", name?: string) {
  const server = await startProcess(folder, { subscriptionFlushSeconds: 1 });
  const { accessToken } = await register(
    server.url,
    name ?? `user-${crypto.randomUUID().slice(0, 8)}`,
  );
  const connection = await RawConnection.open(server.url, accessToken);
  for (let index = 0; index < messages; index++) {
    await connection.expect("sent", send(GENERAL, "hello", crypto.randomUUID()));
  }
  const { logId } = connection.welcome;
  // The mark follows within a second.
  if (messages > 0 && ending === "SIGKILL") await until(() => existsSync(`${data}.mark`));
  await server.end(ending);
  return {
    logId,
    warnings: server.log.filter(({ level }) => level === "warn").map(({ msg }) => msg),
  };
}

const copy = (from: string, to: string) => {
  for (const suffix of ["-wal", "-shm"]) rmSync(to + suffix, { force: true });
  copyFileSync(from, to);
};

test(
  "an older copy that was put in the database's place by hand gets another log id, once",
  async () => {
    const first = await live(3, "SIGTERM");
    copy(data, join(folder, "copy.db"));
    expect((await live(3, "SIGTERM")).logId).toBe(first.logId);
    copy(join(folder, "copy.db"), data);
    const back = await live(3, "SIGTERM");
    expect(back.logId).not.toBe(first.logId);
    expect(back.warnings).toEqual([expect.stringContaining("the database is older than it was")]);
    const after = await live(0, "SIGTERM");
    expect(after).toEqual({ logId: back.logId, warnings: [] });
  },
  PATIENCE_MS,
);

test(
  "neither a kill, nor a missing or damaged mark, nor a moved file changes the id",
  async () => {
    const { logId } = await live(3, "SIGKILL");
    expect(await live(2, "SIGKILL")).toEqual({ logId, warnings: [] });
    writeFileSync(`${data}.mark`, "nonsense");
    expect(await live(1, "SIGTERM")).toEqual({ logId, warnings: [] });
    rmSync(`${data}.mark`);
    expect(await live(1, "SIGTERM")).toEqual({ logId, warnings: [] });
  },
  PATIENCE_MS,
);
