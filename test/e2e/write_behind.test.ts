import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Counted } from "../support/counted.ts";
import { hubbub, startProcess } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, register, startServer } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
const PATIENCE_MS = 60_000;
/** Long enough that the timer writes nothing while a test runs. */
const NO_TIMER = { subscriptionFlushSeconds: 3600 };

/** What the file says, as any other program would read it. */
function reading<T>(folder: string, read: (db: Database) => T): T {
  const db = new Database(join(folder, "hubbub.db"), { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

/** The names of the channels that the account is in, as the file has it. */
function storedChannels(folder: string, user: string): string[] {
  return reading(folder, (db) =>
    db
      .query<{ name: string }, [string]>(
        `SELECT c.name FROM subscription s JOIN channel c ON c.id = s.channel_id
         JOIN account a ON a.id = s.account_id WHERE a.name = ? ORDER BY c.id`,
      )
      .all(user)
      .map(({ name }) => name),
  );
}

/** Every row of a subscription that was written from now on: `+tea` or `-tea`. */
function watchWrites(folder: string): () => string[] {
  const db = new Database(join(folder, "hubbub.db"));
  db.run("CREATE TABLE written (change TEXT)");
  for (const [event, row, sign] of [
    ["INSERT", "new", "+"],
    ["DELETE", "old", "-"],
  ]) {
    db.run(
      `CREATE TRIGGER watch_${event} AFTER ${event} ON subscription BEGIN
         INSERT INTO written SELECT '${sign}' || name FROM channel WHERE id = ${row}.channel_id;
       END`,
    );
  }
  db.close();
  return () =>
    reading(folder, (db) =>
      db
        .query<{ change: string }, []>("SELECT change FROM written")
        .all()
        .map(({ change }) => change),
    );
}

async function joinNamed(connection: RawConnection, name: string): Promise<number> {
  const { channel } = await connection.expect("joined", { case: "join", value: { name } });
  return channel?.id as number;
}

async function leave(connection: RawConnection, channel: number): Promise<void> {
  await connection.expect("left", { case: "leave", value: { channel } });
}

const namesOf = (connection: RawConnection) => connection.welcome.channels.map(({ name }) => name);

test(
  "joins are written when the user's last connection closes, and not before",
  async () => {
    await using server = await startServer(NO_TIMER);
    const { accessToken } = await register(server.url, "ada");
    const desk = await RawConnection.open(server.url, accessToken);
    const phone = await RawConnection.open(server.url, accessToken);
    await joinNamed(desk, "tea");
    await desk.close();
    await until(async () => (await Counted.by(server)).value("hubbub_connections") === 1);
    // Its commit comes after whatever the closing had asked the writer for.
    await phone.expect("sent", send(GENERAL, "still here"));
    expect(storedChannels(server.folder, "ada")).toEqual(["general"]);
    await phone.close();
    await until(() => storedChannels(server.folder, "ada").includes("tea"));
  },
  PATIENCE_MS,
);

test(
  "joins are written on the timer, while the user is there",
  async () => {
    await using server = await startServer({ subscriptionFlushSeconds: 1 });
    const ada = await RawConnection.open(
      server.url,
      (await register(server.url, "ada")).accessToken,
    );
    const tea = await joinNamed(ada, "tea");
    await until(() => storedChannels(server.folder, "ada").includes("tea"));
    await leave(ada, tea);
    await until(() => !storedChannels(server.folder, "ada").includes("tea"));
  },
  PATIENCE_MS,
);

test(
  "joins and leaves are written at shutdown",
  async () => {
    const folder = makeFolder();
    try {
      const server = await startProcess(folder, NO_TIMER);
      const { accessToken } = await register(server.url, "ada");
      const ada = await RawConnection.open(server.url, accessToken);
      await joinNamed(ada, "tea");
      await leave(ada, GENERAL);
      expect(await server.end("SIGTERM")).toBe(0);
      expect(storedChannels(folder, "ada")).toEqual(["tea"]);

      // What the user left stays left, and what the user joined stays joined.
      const again = await startProcess(folder, NO_TIMER);
      const later = await RawConnection.open(again.url, accessToken);
      expect(namesOf(later)).toEqual(["tea"]);
      expect(later.welcome.channels).toMatchObject([{ members: 1 }]);
      await again.end("SIGTERM");
    } finally {
      removeFolder(folder);
    }
  },
  PATIENCE_MS,
);

test(
  "join, leave, join is one row written; join, leave is none",
  async () => {
    const first = await startServer(NO_TIMER);
    const { accessToken } = await register(first.url, "ada");
    await first.stop();
    const written = watchWrites(first.folder);

    await using server = await startServer(NO_TIMER, first.folder);
    const ada = await RawConnection.open(server.url, accessToken);
    const tea = await joinNamed(ada, "tea");
    await leave(ada, tea);
    await joinNamed(ada, "tea");
    await leave(ada, await joinNamed(ada, "coffee"));
    await leave(ada, GENERAL);
    await joinNamed(ada, "general");
    await ada.close();
    await until(() => written().length > 0);
    await server.stop();
    expect(written()).toEqual(["+tea"]);
    expect(storedChannels(server.folder, "ada")).toEqual(["general", "tea"]);
  },
  PATIENCE_MS,
);

test(
  "who connects again at once finds the joins and leaves as they were made",
  async () => {
    await using server = await startServer(NO_TIMER);
    const { accessToken } = await register(server.url, "ada");
    let expected = ["general"];
    for (let round = 0; round < 20; round++) {
      const ada = await RawConnection.open(server.url, accessToken);
      expect(namesOf(ada)).toEqual(expected);
      const name = `round-${round}`;
      await joinNamed(ada, name);
      // A channel of a few rounds ago, whose join may or may not have been written yet.
      const old = ada.welcome.channels.find(({ name }) => name === `round-${round - 2}`);
      if (old !== undefined) await leave(ada, old.id);
      expected = [...expected.filter((other) => other !== old?.name), name];
      // Not waited for: the next connection comes while this one's changes are being written.
      void ada.close();
    }
    const last = await RawConnection.open(server.url, accessToken);
    expect(namesOf(last)).toEqual(expected);
    await server.stop();
    expect(storedChannels(server.folder, "ada")).toEqual(expected);
  },
  PATIENCE_MS,
);

test("an account made beside the running server is counted once, from its first connection", async () => {
  await using server = await startServer();
  const adding = Bun.spawn(hubbub("user", "add", "eve", "--data", server.dataFile), {
    env: { PATH: process.env.PATH, HUBBUB_PASSWORD: PASSWORD },
  });
  expect(await adding.exited).toBe(0);
  const response = await fetch(`${server.url}/auth/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: "eve", password: PASSWORD }),
  });
  const { access_token } = (await response.json()) as { access_token: string };

  const eve = await RawConnection.open(server.url, access_token);
  expect(eve.welcome.channels).toMatchObject([{ name: "general", members: 1 }]);
  const again = await RawConnection.open(server.url, access_token);
  expect(again.welcome.channels).toMatchObject([{ members: 1 }]);
  await eve.expect("left", { case: "leave", value: { channel: GENERAL } });
  const { channels } = await eve.expect("channelList", { case: "listChannels", value: {} });
  expect(channels).toMatchObject([{ name: "general", members: 0 }]);
}, 60_000);
