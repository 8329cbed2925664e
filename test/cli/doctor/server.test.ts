import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../../support/process.ts";
import { RawConnection, send } from "../../support/raw_connection.ts";
import { register, startServer } from "../../support/server.ts";
import { mountSmallDisk } from "../../support/small_disk.ts";
import { Talker } from "../../support/talker.ts";
import { until } from "../../support/wait.ts";
import { OnTerminal } from "../run.ts";
import { examine, install, PATIENCE_MS } from "./checkup.ts";

const portOf = (url: string | URL) => new URL(url).port;

test(
  "beside a server under load all is well, the indexes too, and nobody notices",
  async () => {
    await using server = await startServer({ messagesPerSecond: 1000, messageBurst: 1000 });
    const ada = await Talker.enter(server.url, "ada");
    const bob = await Talker.enter(server.url, "bob");
    ada.talk();
    bob.talk();
    await until(() => ada.shown.length > 50);
    for (const args of [[], ["--full"], []]) {
      const found = await examine(server.dataFile, {
        args: [...args, `--port=${portOf(server.url)}`],
      });
      for (const about of [
        "database",
        "keys",
        "folder",
        "pepper",
        "log mark",
        "clock",
        "WAL",
        "open files",
      ]) {
        expect([about, found.of(about)?.level]).toEqual([about, "ok"]);
      }
      expect(found.of("server")).toMatchObject({
        level: "ok",
        text: `${server.url} takes messages.`,
      });
      expect(found.of("database")?.text).toContain("checked in stretches, beside the server");
    }
    await Promise.all([ada.hush(), bob.hush()]);
    expect(ada.acknowledged.size).toBeGreaterThan(50);
    for (const { client } of [ada, bob]) await client.close();
  },
  PATIENCE_MS,
);

test(
  "a server that is down is warned of, and a port that is not known is not asked",
  async () => {
    using place = install();
    using gone = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const port = gone.port;
    await gone.stop(true);
    const found = await examine(place.data, { args: [`--port=${port}`], unchanged: place.folder });
    expect(found.of("server")).toMatchObject({
      level: "warn",
      text: `http://127.0.0.1:${port} does not answer.`,
    });
    // The address that stands for all is asked by one that there is.
    const all = await examine(place.data, { args: [`--port=${port}`, "--host=::"] });
    expect(all.of("server")?.text).toBe(`http://[::1]:${port} does not answer.`);
    expect((await examine(place.data)).of("server")?.level).toBe("ok");
  },
  PATIENCE_MS,
);

test(
  "a server whose disk refuses writes is to be mended",
  async () => {
    const disk = await mountSmallDisk(4_000_000);
    if (disk === undefined) return;
    try {
      const rates = { messagesPerSecond: 100_000, messageBurst: 100_000 };
      const server = await startProcess(disk.folder, rates, disk.enter);
      const { accessToken } = await register(server.url, "ada");
      const ada = await RawConnection.open(server.url, accessToken);
      const hog = join(disk.seen, "hog");
      Bun.spawnSync(["dd", "if=/dev/zero", `of=${hog}`, "bs=4096"], { stderr: "ignore" });
      let [count, characters] = [0, 16_000];
      const isRefusing = async () => (await fetch(`${server.url}/readyz`)).status === 503;
      await until(async () => {
        const answer = await ada.ask(send(1, "x".repeat(characters), `nonce-${count++}`));
        if (answer.case !== "sent") characters = Math.max(1, Math.floor(characters / 4));
        if (!(await isRefusing())) return false;
        // Where the little that the server tries by itself still had room, it would go on.
        await Bun.sleep(1200);
        return isRefusing();
      });
      const found = await examine(join(disk.folder, "hubbub.db"), {
        enter: disk.enter,
        args: [`--port=${portOf(server.url)}`],
      });
      expect(found.of("server")).toMatchObject({
        level: "fail",
        text: `${server.url} takes no messages: the disk refuses writes.`,
      });
      expect(found.of("disk")?.level).toBe("fail");
      expect(found.code).toBe(2);
      rmSync(hog);
      await until(async () => (await fetch(`${server.url}/readyz`)).status === 200);
      const again = await examine(join(disk.folder, "hubbub.db"), {
        enter: disk.enter,
        args: [`--port=${portOf(server.url)}`],
      });
      expect(again.of("server")?.level).toBe("ok");
      await server.end("SIGTERM");
    } finally {
      await disk.unmount();
    }
  },
  PATIENCE_MS,
);

test(
  "another version is warned of, and another program in the server's place is to be mended",
  async () => {
    using place = install();
    using other = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      routes: {
        "/readyz": () => Response.json({ ready: true, reasons: [] }),
        "/openapi/json": () => Response.json({ info: { title: "Hubbub", version: "0.0.9" } }),
      },
    });
    const found = await examine(place.data, { args: [`--port=${other.port}`] });
    expect(found.of("server")).toMatchObject({
      level: "warn",
      text: expect.stringMatching(/ It is version 0\.0\.9, and this program is \d+\.\d+\.\d+\.$/),
    });
    for (const answer of [
      new Response("<h1>It works!</h1>"),
      Response.json(null),
      Response.json({}, { status: 404 }),
    ]) {
      using foreign = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => answer.clone() });
      const program = await examine(place.data, { args: [`--port=${foreign.port}`] });
      expect(program.of("server")).toMatchObject({
        level: "fail",
        text: `http://127.0.0.1:${foreign.port} is answered by another program than Hubbub (${answer.status}).`,
      });
    }
  },
  PATIENCE_MS,
);

test(
  "on a terminal the doctor shows how far it is with a large database, and leaves nothing of that",
  async () => {
    using place = install();
    {
      using db = new Database(place.data);
      // Enough rows for it to take a while; somebody has it open.
      db.run("PRAGMA wal_autocheckpoint = 0");
      db.run(`INSERT INTO message (channel_id, seq, author_id, nonce, encoded)
        WITH RECURSIVE n(i) AS (SELECT 21 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
        SELECT 1, i, 1, randomblob(16), zeroblob(40) FROM n`);
      using terminal = new OnTerminal(["doctor", "--full", "--data", place.data, "--port=0"]);
      await terminal.exited;
      const shown = [...terminal.shown.matchAll(/\rchecking [\d,.]+ MB: (\d+)%/g)].map(([, part]) =>
        Number(part),
      );
      expect(shown.length).toBeGreaterThan(0);
      expect(shown).toEqual(shown.toSorted((one, other) => one - other));
      expect(terminal.shown).toContain("\r\x1b[K");
      expect(terminal.shown).toContain("It is whole: ");
    }
    // Elsewhere there is none of it: see `examine`.
    writeFileSync(join(place.outside, "done"), "");
  },
  PATIENCE_MS,
);
