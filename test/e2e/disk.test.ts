import { describe, expect, test } from "bun:test";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { hubbub } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, register } from "../support/server.ts";
import { mountSmallDisk, type SmallDisk } from "../support/small_disk.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
const DISK_BYTES = 4 * 1024 * 1024;
const PATIENCE_MS = 90_000;

/** Starts a server whose data lies on the disk. */
async function startOn(disk: SmallDisk) {
  const rates = [
    "--messages-per-second=1000000",
    "--message-burst=1000000",
    "--command-burst=10000",
  ];
  const where = ["--port=0", "--log-format=json", "--data", join(disk.folder, "hubbub.db")];
  const child = Bun.spawn([...disk.enter, ...hubbub("serve", ...where, ...rates)], {
    cwd: "/",
    env: { PATH: process.env.PATH },
    stdout: "pipe",
    stderr: "inherit",
  });
  let log = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) log += decoder.decode(chunk, { stream: true });
  })();
  await until(() => log.includes('"listening"') || child.exitCode !== null);
  return {
    url: /"url":"([^"]+)"/.exec(log)?.[1] ?? "",
    log: () => log,
    /** Stops it, if it still runs; returns the exit code. */
    async end() {
      child.kill("SIGTERM");
      await Promise.all([child.exited, reading]);
      return child.exitCode;
    },
  };
}

type Server = Awaited<ReturnType<typeof startOn>>;

const ballast = (disk: SmallDisk) => join(disk.seen, "ballast");

/** What `/metrics` says of the disk. */
async function isWritable(url: string): Promise<string | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return /^hubbub_store_writable (\d)$/m.exec(text)?.[1];
}

/** Takes what room there is. */
function fill(disk: SmallDisk): void {
  const file = openSync(ballast(disk), "a");
  const page = Buffer.alloc(4096, 1);
  try {
    for (;;) writeSync(file, page);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
  } finally {
    closeSync(file);
  }
}

function makeRoom(disk: SmallDisk): void {
  rmSync(ballast(disk));
}

/** A sender who keeps account of what was acknowledged and what was refused. */
class Bookkeeper {
  readonly acknowledged = new Map<string, number>();
  readonly refused = new Set<string>();
  readonly connection: RawConnection;
  #count = 0;

  constructor(connection: RawConnection) {
    this.connection = connection;
  }

  /** Sends a message, or an earlier one again; returns whether it was acknowledged. */
  async send(bytes: number, nonce = `nonce-${this.#count++}`): Promise<boolean> {
    const body = `${nonce} ${"x".repeat(bytes)}`;
    const answer = await this.connection.ask(send(GENERAL, body, nonce));
    if (answer.case === "sent") {
      this.acknowledged.set(nonce, answer.value.seq);
      this.refused.delete(nonce);
      return true;
    }
    expect(answer).toMatchObject({ case: "error", value: { code: ErrorCode.STORE_UNAVAILABLE } });
    expect(answer.case === "error" && answer.value.retryAfterMs).toBeGreaterThan(0);
    this.refused.add(nonce);
    return false;
  }
}

/**
 * Fills the disk until the server says that it is not ready; returns what it says. The room inside
 * the database and its log is used up little by little, so a few writes may still succeed when the
 * file system is full: what is to be refused then is asked for until it is.
 */
async function fillUntilRefused(disk: SmallDisk, url: string, sender: Bookkeeper) {
  return untilRefused(async () => {
    fill(disk);
    const isAcknowledged = await sender.send(1);
    const ready = await fetch(`${url}/readyz`);
    return isAcknowledged || ready.ok ? undefined : ((await ready.json()) as unknown);
  });
}

/** Repeats something until it gives a refusal; returns that. */
async function untilRefused<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const refusal = await attempt();
    if (refusal !== undefined) return refusal;
  }
}

/** A channel's history from 1 to its head, page by page. */
async function historyOf(connection: RawConnection, channel = GENERAL) {
  const messages: { seq: number; body: string }[] = [];
  for (;;) {
    const page = await connection.expect("historyPage", {
      case: "readHistory",
      value: { channel, from: { case: "after", value: messages.length } },
    });
    messages.push(...page.messages);
    if (!page.more) return messages;
  }
}

/** Everything that was acknowledged is there once, under its number, and no number is skipped. */
function expectWhole(messages: { seq: number; body: string }[], sender: Bookkeeper): void {
  expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
  const kept = messages.map(({ seq, body }) => [body.split(" ")[0], seq]);
  const acknowledged = [...sender.acknowledged].sort(([, a], [, b]) => a - b);
  expect(kept).toEqual(acknowledged);
}

async function enter(url: string, accessToken: string): Promise<RawConnection> {
  const connection = await RawConnection.open(url, accessToken);
  await connection.expect("resumed", { case: "resume", value: {} });
  return connection;
}

function post(url: string, path: string, accessToken: string, body: unknown = {}) {
  return fetch(`${url}/auth/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${accessToken}` },
    body: JSON.stringify(body),
  });
}

const probe = await mountSmallDisk(DISK_BYTES);
await probe?.unmount();
const sentence = "a full disk (skipped: neither mount nor unshare is allowed here)";

describe.skipIf(probe === undefined)(probe === undefined ? sentence : "a full disk", () => {
  let disk: SmallDisk;
  let server: Server;

  /** Runs a test on a disk of its own, which is unmounted whatever happens. */
  function onSmallDisk(name: string, body: () => Promise<void>): void {
    test(
      name,
      async () => {
        disk = (await mountSmallDisk(DISK_BYTES)) as SmallDisk;
        try {
          server = await startOn(disk);
          await body();
        } finally {
          await server.end();
          await disk.unmount();
        }
      },
      PATIENCE_MS,
    );
  }

  onSmallDisk(
    "senders are refused with a code, readers go on, and after room is made so does everything",
    async () => {
      const { url } = server;
      const ada = await register(url, "ada");
      const bob = await register(url, "bob");
      const sender = new Bookkeeper(await enter(url, ada.accessToken));
      const reader = await enter(url, bob.accessToken);
      for (let index = 0; index < 50; index++) await sender.send(8_000);
      expect(await fillUntilRefused(disk, url, sender)).toEqual({
        ready: false,
        reasons: ["the disk refuses writes"],
      });
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect(await isWritable(url)).toBe("0");

      // Reading goes on: history, listings, resuming, and coming in with a token or a ticket.
      expectWhole(await historyOf(reader), sender);
      await reader.expect("channelList", { case: "listChannels", value: {} });
      await reader.expect("memberList", { case: "listMembers", value: { channel: GENERAL } });
      const later = await RawConnection.open(url, bob.accessToken);
      const cursors = [{ channel: GENERAL, after: 0 }];
      await later.expect("resumed", { case: "resume", value: { cursors } });
      expectWhole(later.messages(), sender);
      const asked = await post(url, "ticket", bob.accessToken);
      const { ticket } = (await asked.json()) as { ticket: string };
      const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, [
        "hubbub.v1",
        `ticket.${ticket}`,
      ]);
      await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
      socket.close();

      // What has to be written is refused, with the code and a time.
      const ping = await untilRefused(async () => {
        await sender.send(1);
        const answer = await reader.ask({ case: "ping", value: {} });
        return answer.case === "error" ? answer.value : undefined;
      });
      const join = await untilRefused(async () => {
        const name = crypto.randomUUID();
        const answer = await reader.ask({ case: "join", value: { name } });
        return answer.case === "error" ? answer.value : undefined;
      });
      for (const refusal of [ping, join]) {
        expect(refusal.code).toBe(ErrorCode.STORE_UNAVAILABLE);
        expect(refusal.retryAfterMs).toBeGreaterThan(0);
      }
      const credentials = { name: "bob", password: PASSWORD };
      const signIn = await untilRefused(async () => {
        const response = await post(url, "token", "", credentials);
        return response.ok ? undefined : response;
      });
      expect(signIn.status).toBe(503);
      expect(await signIn.json()).toMatchObject({ error: { code: "STORE_UNAVAILABLE" } });

      // After room is made, the same server goes on by itself.
      makeRoom(disk);
      await until(async () => (await fetch(`${url}/readyz`)).ok);
      expect(await isWritable(url)).toBe("1");
      // The log tells each beginning and each end once, however many were refused between them.
      const told = (event: string) => server.log().split(event).length - 1;
      await until(() => told("the disk refuses writes") === told("the disk takes writes again"));
      expect(told("the disk refuses writes")).toBeWithin(1, sender.refused.size + 1);
      const refused = [...sender.refused];
      expect(refused.length).toBeGreaterThan(0);
      for (const nonce of refused) expect(await sender.send(1, nonce)).toBe(true);
      for (const nonce of refused) expect(await sender.send(1, nonce)).toBe(true);
      for (let index = 0; index < 10; index++) expect(await sender.send(1_000)).toBe(true);
      expect((await post(url, "token", "", credentials)).status).toBe(200);
      await reader.expect("joined", { case: "join", value: { name: "a-new-channel" } });

      // Nothing was lost, nothing skipped, nothing doubled: in the file and live.
      expectWhole(await historyOf(reader), sender);
      await reader.until(() => reader.messages(GENERAL).length === sender.acknowledged.size);
      expectWhole(reader.messages(GENERAL), sender);
      expect(await server.end()).toBe(0);
      server = await startOn(disk);
      expectWhole(await historyOf(await enter(server.url, ada.accessToken)), sender);
    },
  );

  onSmallDisk("joins and leaves made while it lasts are written after room is made", async () => {
    const { url } = server;
    const ada = await enter(url, (await register(url, "ada")).accessToken);
    const { accessToken } = await register(url, "bob");
    const bob = await enter(url, accessToken);
    const ids: number[] = [];
    for (const name of ["tea", "sea"]) {
      const { channel } = await ada.expect("joined", { case: "join", value: { name } });
      ids.push(channel?.id as number);
    }
    const [tea, sea] = ids as [number, number];
    await bob.expect("joined", { case: "join", value: { name: "sea" } });
    await fillUntilRefused(disk, url, new Bookkeeper(ada));

    // Both channels exist, so that joining and leaving them concerns memory alone.
    await bob.expect("joined", { case: "join", value: { name: "tea" } });
    await bob.expect("left", { case: "leave", value: { channel: sea } });
    await bob.close();
    const isGone = async () => {
      const value = { channel: tea };
      const { onlineCount } = await ada.expect("memberList", { case: "listMembers", value });
      return onlineCount === 1;
    };
    await until(isGone);
    // The writer does one thing after another: what was to be written for bob has been tried.
    await untilRefused(async () => {
      const response = await post(url, "token", "", { name: "bob", password: PASSWORD });
      return response.ok ? undefined : response;
    });
    const again = await RawConnection.open(url, accessToken);
    expect(again.welcome.channels.map(({ id }) => id)).toEqual([GENERAL, tea]);

    makeRoom(disk);
    await until(async () => (await fetch(`${url}/readyz`)).ok);
    expect(await server.end()).toBe(0);
    server = await startOn(disk);
    const later = await RawConnection.open(server.url, accessToken);
    expect(later.welcome.channels.map(({ id }) => id)).toEqual([GENERAL, tea]);
  });

  onSmallDisk(
    "a server that is stopped and started meanwhile has kept what it acknowledged",
    async () => {
      const { url } = server;
      const { accessToken } = await register(url, "ada");
      const ada = await enter(url, accessToken);
      const sender = new Bookkeeper(ada);
      // A join that waits to be written, and cannot be.
      await ada.expect("joined", { case: "join", value: { name: "unwritten" } });
      for (let index = 0; index < 50; index++) await sender.send(8_000);
      await fillUntilRefused(disk, url, sender);
      // 1 where it could not tidy up. Clients are told all the same.
      expect([0, 1]).toContain((await server.end()) as number);
      expect((await ada.untilClosed()).code).toBe(1001);

      // One that is started meanwhile can be read, and takes messages once there is room.
      server = await startOn(disk);
      const later = await enter(server.url, accessToken);
      expectWhole(await historyOf(later), sender);
      makeRoom(disk);
      const again = new Bookkeeper(later);
      const [refused] = sender.refused;
      await until(() => again.send(1, refused));
      expect(again.acknowledged.get(refused as string)).toBe(sender.acknowledged.size + 1);
      expect(await server.end()).toBe(0);
    },
  );

  onSmallDisk("a first start on it ends with one clear sentence", async () => {
    await server.end();
    fill(disk);
    const data = join(disk.folder, "another.db");
    const child = Bun.spawn([...disk.enter, ...hubbub("serve", "--port=0", "--data", data)], {
      cwd: "/",
      env: { PATH: process.env.PATH },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect({ code: await child.exited, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/^hubbub: [^\n]+\.\n$/);
    expect(err).toContain(disk.folder);
  });
});
