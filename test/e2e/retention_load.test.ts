import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { register } from "../../src/client/sign_in.ts";
import { MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { layChannel } from "../browser/channel_log.ts";
import { Random } from "../sim/random.ts";
import { run } from "../support/command.ts";
import { keptOf } from "../support/kept.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { PASSWORD } from "../support/server.ts";
import { Talker } from "../support/talker.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { Listener, numbers, readBack } from "./retention/listener.ts";

const PATIENCE_MS = 240_000;
const rates = {
  messagesPerSecond: 10_000,
  messageBurst: 10_000,
  commandsPerSecond: 10_000,
  commandBurst: 10_000,
  // Without a ring every resume reads the file, of which the oldest goes.
  ringBytes: 0,
  pageItems: 25,
};

let folder: string;
let data: string;
let server: ServerProcess;
beforeEach(async () => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
  server = await startProcess(folder, rates);
});
afterEach(async () => {
  await server.end("SIGKILL");
  removeFolder(folder);
});

async function startAgain(): Promise<void> {
  server = await startProcess(folder, { ...rates, port: Number(new URL(server.url).port) });
}

async function succeed(...args: string[]): Promise<string> {
  const { out, err, code } = await run([...args, "--data", data]);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out;
}

/** The bodies that the file has of the general channel, by their numbers. */
function bodiesOf(path: string): Map<number, string> {
  using db = new Database(path, { readonly: true });
  const rows = db
    .query<{ seq: number; encoded: Uint8Array }, []>(
      "SELECT seq, encoded FROM message WHERE channel_id = 1 ORDER BY seq",
    )
    .all();
  return new Map(rows.map(({ seq, encoded }) => [seq, fromBinary(MessageSchema, encoded).body]));
}

test(
  "while people talk, come back and read, what goes is told to each in order, and what stays is whole",
  async () => {
    const talkers: Talker[] = [];
    for (const name of ["ada", "bob", "cyd"]) talkers.push(await Talker.enter(server.url, name));
    const listeners: Listener[] = [];
    for (const name of ["dan", "eve", "fay"]) {
      const listener = new Listener(() => server.url, await register(server.url, name, PASSWORD));
      await listener.come();
      listeners.push(listener);
    }
    for (const talker of talkers) talker.talk();
    const [ada] = talkers as [Talker];
    await until(() => ada.shown.length > 200);

    let isOver = false;
    const comings = listeners.map(async (listener) => {
      for (let times = 0; !isOver; times++) {
        await listener.go();
        const { length } = ada.shown;
        const isMuchSaid = () => ada.shown.length > length + 20;
        // Every other time for longer than messages are kept.
        const isSomeGone = () => keptOf(data, "general").gone > (listener.last ?? 0) + 5;
        await until(() => isOver || (times % 2 === 0 ? isMuchSaid() : isSomeGone()));
        await listener.come();
      }
    });
    const readings = talkers.map(async ({ client }) => {
      while (!isOver) {
        const { found, first } = await readBack(client);
        const [oldest] = found;
        if (oldest === undefined) throw new Error("there was nothing to read");
        expect(found.map(({ seq }) => seq)).toEqual(
          numbers(oldest.seq, oldest.seq + found.length - 1),
        );
        expect(first).toBeGreaterThanOrEqual(oldest.seq);
      }
    });
    // Other limits, one after another, down and up again.
    for (const limit of ["--messages=80", "--messages=30", "--days=1", "--messages=50"]) {
      await succeed("channel", "keep", "general", limit);
      const { length } = ada.shown;
      await until(() => ada.shown.length > length + 300);
    }
    isOver = true;
    await Promise.all([...comings, ...readings]);
    await Promise.all(talkers.map((talker) => talker.hush()));
    const sent = new Map(talkers.flatMap(({ acknowledged }) => [...acknowledged]));
    const head = sent.size;

    // Who stayed has been shown all of it.
    for (const { shown } of talkers) {
      await until(() => shown.at(-1)?.seq === head);
      const [begin] = shown;
      expect(shown.map(({ seq, body }) => [seq, body])).toEqual(
        numbers(begin?.seq ?? 0, head).map((seq) => [seq, sent.get(seq) as string]),
      );
    }
    // Who came and went: each number once, as a message or in a gap.
    for (const listener of listeners) {
      await until(() => listener.last === head);
      expect(listener.faults).toEqual([]);
      for (const [seq, body] of listener.heard) expect(body).toBe(sent.get(seq) as string);
    }
    for (const { gaps } of listeners) expect(gaps).toBeGreaterThan(0);

    // What is kept, message by message.
    await until(() => keptOf(data, "general").gone === head - 50);
    const kept = numbers(head - 49, head);
    expect([...bodiesOf(data)]).toEqual(kept.map((seq) => [seq, sent.get(seq) as string]));
    const { found, first } = await readBack(ada.client);
    expect(found.map(({ seq, body }) => [seq, body])).toEqual([...bodiesOf(data)]);
    expect(first).toBe(head - 49);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain(`hubbub_messages_removed_total ${head - 50}\n`);

    await Promise.all(talkers.map(({ client }) => client.close()));
    await Promise.all(listeners.map((listener) => listener.go()));
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.log.filter(({ level }) => level !== "info")).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  "a server that is killed while messages go leaves each channel whole, and the next one goes on",
  async () => {
    const COUNT = 20_000;
    const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
    process.stderr.write(`retention: CRASH_SEED=${seed}\n`);
    const random = new Random(seed);
    const signIn = await register(server.url, "ada", PASSWORD);
    await server.end("SIGTERM");
    for (const name of ["general", "hall"]) {
      layChannel(data, name, COUNT, (seq) => ({
        author: "ada",
        timeMs: Date.now(),
        body: `${name} ${seq}`,
      }));
      await succeed("channel", "keep", name, "--messages=60");
    }
    await startAgain();
    const ada = await Talker.enter(server.url, "ada", signIn);
    const listener = new Listener(() => server.url, signIn);
    await listener.come();
    ada.talk();
    let kills = 0;
    for (let upTo = 0; kills < 6; kills++) {
      upTo = Math.max(upTo, keptOf(data, "general").gone) + 1 + random.below(2500);
      const most = Math.min(upTo, COUNT - 100);
      await until(() => keptOf(data, "general").gone >= most);
      await server.end("SIGKILL");
      for (const name of ["general", "hall"]) {
        const { gone, seqs } = keptOf(data, name);
        expect(seqs, `seed ${seed}`).toEqual(numbers(gone + 1, seqs.at(-1) ?? 0));
        expect(seqs.at(-1)).toBeGreaterThanOrEqual(COUNT);
      }
      await startAgain();
    }
    const { length } = ada.shown;
    await until(() => ada.shown.length > length + 100);
    await ada.hush();
    const head = Math.max(...ada.acknowledged.keys());
    await until(() => keptOf(data, "general").gone === head - 60);
    await until(() => keptOf(data, "hall").gone === COUNT - 60);
    const bodies = bodiesOf(data);
    expect([...bodies.keys()]).toEqual(numbers(head - 59, head));
    for (const [seq, body] of bodies) expect(body).toBe(ada.acknowledged.get(seq) as string);
    expect(keptOf(data, "hall").seqs).toEqual(numbers(COUNT - 59, COUNT));
    // Who was connected all the time has seen each number once, or been told that it is gone.
    expect(ada.acknowledged.size).toBe(head - COUNT);
    await until(() => listener.last === head);
    expect(listener.faults).toEqual([]);
    expect(listener.heard.size + listener.missed).toBe(head - COUNT);
    await Promise.all([ada.client.close(), listener.go()]);
    await server.end("SIGTERM");
    expect(await succeed("backup", join(folder, "backup.db"))).toContain(
      "120 messages in 2 channels",
    );
  },
  PATIENCE_MS,
);
