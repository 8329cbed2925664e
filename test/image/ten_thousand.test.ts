import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { startProcess } from "../support/process.ts";
import { register } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";

setDefaultTimeout(300_000);

const SOCKETS = 10_000;
/** Of them at once; more would only wait for each other. */
const WAVE = 250;
/** Of the listening socket, the database and the like. */
const OTHER_FILES = 200;
/** Many times what a connection takes, and far below what a leak would. */
const MOST_BYTES_EACH = 100 * 1024;

/** How many files a process here may be allowed to open; 0 where the system does not say. */
function mostOpenFiles(): number {
  if (process.platform !== "linux") return 0;
  const [, hard = "0"] =
    /^Max open files\s+\S+\s+(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}

const isPossible = mostOpenFiles() >= SOCKETS + OTHER_FILES;
if (!isPossible) {
  process.stderr.write(
    `10,000 sockets: not tested, a process may open only ${mostOpenFiles()} files; raise the hard limit (ulimit -Hn)\n`,
  );
}

const residentBytes = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

/** CPU time that a process has used, in ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  const MS_PER_TICK = 10;
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Sockets of one account, which count what comes. */
class Crowd {
  welcomed = 0;
  heard = 0;
  told = 0;
  closed = 0;
  readonly #sockets: WebSocket[] = [];

  async enter(url: string, accessToken: string, count: number): Promise<void> {
    const before = this.welcomed;
    for (let index = 0; index < count; index++) this.#open(url, accessToken);
    await until(() => this.welcomed === before + count || this.closed > 0);
  }

  /** Sends from one of them. */
  say(body: string): void {
    const send = { channel: 1, nonce: crypto.randomUUID(), body };
    this.#sockets[0]?.send(JSON.stringify({ request: 2, send }));
  }

  #open(url: string, accessToken: string): void {
    // Bun's constructor takes headers; the types of lib.dom hide that.
    const options = {
      protocols: ["hubbub.v1.json"],
      headers: { Authorization: `Bearer ${accessToken}` },
    } as unknown as string[];
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, options);
    socket.onmessage = ({ data }) => {
      const text = String(data);
      if (text.includes('"welcome"')) socket.send('{"request":1,"resume":{}}');
      if (text.includes('"resumed"')) this.welcomed += 1;
      if (text.includes('"message"')) this.heard += 1;
      if (text.includes('"goingAway"')) this.told += 1;
    };
    socket.onclose = () => {
      this.closed += 1;
    };
    this.#sockets.push(socket);
  }
}

test.skipIf(!isPossible)(
  "10,000 sockets are open at once, hear a message, and are told of the end",
  async () => {
    const folder = makeFolder();
    try {
      const many = 1_000_000;
      const server = await startProcess(folder, {
        sessionsPerUser: SOCKETS,
        ...{ commandsPerSecond: many, commandBurst: many },
      });
      const { accessToken } = await register(server.url, "ada");
      const before = residentBytes(server.pid);
      const [startedAt, cpuBefore] = [performance.now(), cpuMs(server.pid)];
      const crowd = new Crowd();
      while (crowd.welcomed < SOCKETS && crowd.closed === 0) {
        await crowd.enter(server.url, accessToken, WAVE);
      }
      expect(crowd).toMatchObject({ welcomed: SOCKETS, closed: 0 });
      const connected = [performance.now() - startedAt, cpuMs(server.pid) - cpuBefore];
      const bytesEach = (residentBytes(server.pid) - before) / SOCKETS;
      expect(bytesEach).toBeLessThan(MOST_BYTES_EACH);

      crowd.say("hello, all of you");
      await until(() => crowd.heard >= SOCKETS);
      expect(crowd).toMatchObject({ heard: SOCKETS, closed: 0 });

      const endedAt = performance.now();
      expect(await server.end("SIGTERM")).toBe(0);
      const endMs = performance.now() - endedAt;
      await until(() => crowd.closed === SOCKETS);
      expect(crowd.told).toBe(SOCKETS);
      const figures = [...connected, before / 2 ** 20, bytesEach / 1024, endMs].map(Math.round);
      const [tookMs, cpu, mib, kib, stopMs] = figures;
      process.stderr.write(
        `10,000 sockets: open after ${tookMs} ms, for ${cpu} ms of CPU; ${mib} MiB before, and ${kib} KiB each; stopped in ${stopMs} ms\n`,
      );
    } finally {
      removeFolder(folder);
    }
  },
);
