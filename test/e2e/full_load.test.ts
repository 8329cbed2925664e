/**
 * The promises at full load: the load tester talks as fast as the server can listen, and looks at
 * every delivery, while the server is killed, its disk fills up, or some read too slowly. What a
 * crowd has to do is a number of messages, not a time: a slow machine takes longer for it.
 *
 *     CRASH_SEED=1234 bun test test/e2e/full_load.test.ts
 *
 * A seed repeats what is done, though not the timing of the processes that it is done to.
 */
import { describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../../loadtest/result.ts";
import { CloseCode } from "../../src/wire/codes.ts";
import { Random } from "../sim/random.ts";
import { Counted } from "../support/counted.ts";
import { startProcess } from "../support/process.ts";
import { register, startServer } from "../support/server.ts";
import { mountSmallDisk, type SmallDisk } from "../support/small_disk.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { DoomedServer } from "./crash/doomed_server.ts";
import { Crowd, UNHINDERED } from "./full_load/crowd.ts";
import { countKept, readKept } from "./full_load/kept.ts";
import { SlowReader } from "./full_load/slow_reader.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const PATIENCE_MS = 180_000;

const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
process.stderr.write(`full load: CRASH_SEED=${seed}\n`);

/** Pairs, each in a channel of its own: as many messages as there can be. */
const PAIRS = {
  users: 40,
  actions: 4000,
  flags: ["--profile", "direct", "--time-scale", "100"],
};
/** Everybody in one channel: as many deliveries as there can be. */
const ONE_ROOM = {
  users: 40,
  actions: 1000,
  flags: ["--profile", "one-room", "--between", "0.5", "--time-scale", "100"],
};

/** The same at a measured pace, so that enough of the talk is left when a disk has room again. */
const STEADY_PAIRS = { ...PAIRS, flags: ["--profile", "direct", "--time-scale", "40"] };
/** Long messages for everybody in one channel, so that buffers fill. */
const LOUD_ROOM = {
  users: 12,
  actions: 700,
  flags: ["--profile", "one-room", "--between", "1", "--time-scale", "80", "--body-words", "800"],
};
const SLOW_READERS = 8;
/** How long a slow reader is given to read what has waited and see the end of its connection. */
const ROUND_MS = 2000;
/** How often the server is asked what it has counted: not so often that it is felt. */
const LOOK_MS = 200;

const DISK_BYTES = 192 * MIB;
/** So little is left that the crowd has filled it soon, and again when the first is gone. */
const BALLAST_BYTES = [4 * MIB, 184 * MIB];

const flagsOf = ({ flags, actions }: typeof PAIRS) => [...flags, "--actions", `${actions}`];
const totalOf = ({ users, actions }: typeof PAIRS) => users * actions;

/** Nobody was sent anything twice, out of order, or not at all. */
function expectFaultless({ integrity, verdict, because }: Result): void {
  expect(integrity).toEqual({ lost: 0, doubled: 0, reordered: 0, examples: [] });
  // On two cores the tester may be its own bottleneck, which says nothing about the server.
  expect([verdict, because]).toEqual([
    expect.stringMatching(/^(passed|tester-bound)$/),
    expect.anything(),
  ]);
}

/** Errors that the crowd met and that were not to be met; it may have read too slowly, too. */
function strange({ errors }: Result, expected: readonly string[]): string[] {
  const excused = [...expected, "SLOW_CONSUMER", "CLOSED_4000"];
  return Object.keys(errors).filter((code) => !excused.includes(code));
}

describe("a server that is killed at full load, again and again", () => {
  test.each([
    ["with many messages", PAIRS],
    ["with many receivers", ONE_ROOM],
  ])(
    "keeps, numbers and delivers every message once, %s",
    async (_, crowdOf) => {
      const random = new Random(seed);
      const folder = makeFolder();
      const faults: string[] = [];
      const server = new DoomedServer(folder, (fault) => faults.push(fault));
      const settings = () => ({
        ...UNHINDERED,
        durability: random.pick(["synced", "committed"]),
        // Without a ring every catch-up reads the file.
        ringBytes: random.pick([0, 64 * MIB]),
        subscriptionFlushSeconds: 1,
      });
      const total = totalOf(crowdOf);
      let crowd: Crowd | undefined;
      try {
        await server.start(settings());
        const { url, file } = server;
        const of = { url, data: file };
        crowd = await Crowd.gather(of, folder, crowdOf.users, flagsOf(crowdOf));
        // A join is written a little later, and a server that is killed before has forgotten it:
        // everybody is in "general" and, from some moment on, in the crowd's channel.
        const places = 2 * crowdOf.users + 1;
        await until(() => crowd?.isGone || countKept(file).subscriptions === places);
        for (const [from, to] of [
          [0.1, 0.3],
          [0.35, 0.55],
          [0.6, 0.8],
        ] as const) {
          // By messages and not by time, so that each comes in the middle of the load.
          const moment = total * (from + (to - from) * random.next());
          await until(() => crowd?.isGone || countKept(file).messages >= moment);
          await Bun.sleep(random.below(20));
          await server.end("SIGKILL");
          await server.start(settings());
        }
        const result = await crowd.result();
        expectFaultless(result);
        const { messagesSent, messagesAcknowledged } = result.totals;
        expect([messagesSent, messagesAcknowledged]).toEqual([total, total]);
        // Connections were lost, and nothing was refused.
        expect(result.totals.reconnects).toBeGreaterThanOrEqual(crowdOf.users);
        expect(strange(result, ["CLOSED_1006", "UNREACHABLE"])).toEqual([]);

        await server.end("SIGTERM");
        const { kept, faults: inFile } = readKept(file);
        expect(inFile).toEqual([]);
        expect(kept.length).toBe(total);
        expect(faults).toEqual([]);
      } finally {
        await crowd?.end();
        await server.end("SIGKILL");
        removeFolder(folder);
      }
    },
    PATIENCE_MS,
  );
});

const probe = await mountSmallDisk(MIB);
await probe?.unmount();
const sentence = "a disk that fills up at full load";
const skipped = `${sentence} (skipped: neither mount nor unshare is allowed here)`;

describe.skipIf(probe === undefined)(probe === undefined ? skipped : sentence, () => {
  test(
    "costs what is refused with a code, and nothing else",
    async () => {
      const folder = makeFolder();
      const disk = (await mountSmallDisk(DISK_BYTES)) as SmallDisk;
      const server = await startProcess(disk.folder, UNHINDERED, disk.enter);
      const logged = (words: string) =>
        server.log.filter(({ msg }) => String(msg).startsWith(words)).length;
      let crowd: Crowd | undefined;
      try {
        const ballast = layBallast(disk);
        const data = join(disk.folder, "hubbub.db");
        const of = { url: server.url, data, enter: disk.enter };
        crowd = await Crowd.gather(of, folder, STEADY_PAIRS.users, flagsOf(STEADY_PAIRS));
        let takenAgainMs = 0;
        for (const [index, piece] of ballast.entries()) {
          const times = index + 1;
          // The crowd itself fills it up.
          await until(() => crowd?.isGone || logged("the disk refuses writes") === times);
          rmSync(piece);
          await until(() => crowd?.isGone || logged("the disk takes writes again") === times);
          takenAgainMs = Date.now();
        }
        const result = await crowd.result();
        expectFaultless(result);
        expect(strange(result, ["STORE_UNAVAILABLE"])).toEqual([]);
        const { messagesSent, messagesAcknowledged } = result.totals;
        expect(messagesSent).toBe(totalOf(STEADY_PAIRS));
        // A ping may be refused as well.
        const { STORE_UNAVAILABLE: refusals = 0 } = result.errors;
        expect(messagesSent - messagesAcknowledged).toBeGreaterThan(0);
        expect(messagesSent - messagesAcknowledged).toBeLessThanOrEqual(refusals);

        expect(await server.end("SIGTERM")).toBe(0);
        const { kept, faults } = readKept(join(disk.seen, "hubbub.db"));
        expect(faults).toEqual([]);
        expect(kept.length).toBe(messagesAcknowledged);
        // It filled up each time, and the talk went on after the last.
        expect(logged("the disk refuses writes")).toBe(ballast.length);
        expect(kept.some(({ message }) => message.timeMs > takenAgainMs)).toBe(true);
      } finally {
        await crowd?.end();
        await server.end("SIGKILL");
        await disk.unmount();
        removeFolder(folder);
      }
    },
    PATIENCE_MS,
  );
});

/** Takes nearly all room on the disk; returns the files, to be removed one by one. */
function layBallast(disk: SmallDisk): string[] {
  return BALLAST_BYTES.map((bytes, index) => {
    const file = join(disk.seen, `ballast-${index}`);
    writeFileSync(file, Buffer.alloc(bytes, 1));
    return file;
  });
}

describe("readers that are too slow at full load", () => {
  test(
    "are closed with a code, resume, and miss nothing, as nobody else does",
    async () => {
      const random = new Random(seed);
      const total = totalOf(LOUD_ROOM);
      await using server = await startServer({
        ...UNHINDERED,
        outboundBytes: 512 * KIB,
        // Less than a reader falls behind by, so that it is sent pages of the file first.
        ringBytes: 2 * MIB,
      });
      const { url, folder } = server;
      const data = join(folder, "hubbub.db");
      const readers: SlowReader[] = [];
      for (let index = 0; index < SLOW_READERS; index++) {
        const { accessToken } = await register(url, `slow_${index}`);
        readers.push(await SlowReader.enter(url, accessToken, "test_0"));
      }
      const all = (what: (reader: SlowReader) => unknown) => Promise.all(readers.map(what));
      const { users } = LOUD_ROOM;
      const crowd = await Crowd.gather({ url, data }, folder, users, flagsOf(LOUD_ROOM));
      try {
        const closings = async () => (await Counted.by(server)).closed(CloseCode.SLOW_CONSUMER);
        while (!crowd.isGone) {
          const before = await closings();
          await all((reader) => reader.stopReading());
          await until(
            async () => crowd.isGone || (await closings()) >= before + SLOW_READERS,
            LOOK_MS,
          );
          await all((reader) => reader.readOn(() => crowd.isGone, ROUND_MS));
          await Bun.sleep(random.below(300));
        }
        const result = await crowd.result();
        expectFaultless(result);
        expect(result.totals.messagesAcknowledged).toBe(total);
        await all((reader) => reader.readUpTo(total));
        for (const { faults, closeCodes } of readers) {
          expect(faults).toEqual([]);
          expect(new Set(closeCodes)).toEqual(new Set([CloseCode.SLOW_CONSUMER]));
        }
        await server.stop();
        const { kept, faults } = readKept(data);
        expect(faults).toEqual([]);
        expect(kept.length).toBe(total);
      } finally {
        await crowd.end();
        await all((reader) => reader.leave());
      }
    },
    PATIENCE_MS,
  );
});
