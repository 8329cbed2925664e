import { expect, test } from "bun:test";
import { HubbubClient } from "../../src/client/client.ts";
import { refusalOf, run, serveOn } from "../support/command.ts";
import { RawConnection } from "../support/raw_connection.ts";
import { PASSWORD, register, startServer } from "../support/server.ts";
import { Talker } from "../support/talker.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
const PATIENCE_MS = 120_000;

/** Reads all of a channel backwards, in small pages, as somebody who scrolls up. */
async function readBack({ client }: Talker) {
  const seqs: number[] = [];
  let first = 0;
  for (let before = 0; ; ) {
    const page = await client.history({ channel: GENERAL, before, limit: 20 });
    seqs.unshift(...page.messages.map(({ seq }) => seq));
    first = page.first;
    if (!page.more || page.messages.length === 0) break;
    before = seqs[0] as number;
    await Bun.sleep(50);
  }
  return { seqs, first };
}

test(
  "while everybody talks, the oldest messages go in order, and clients are told where history begins",
  async () => {
    await using server = await startServer({
      messagesPerSecond: 1000,
      messageBurst: 1000,
      commandsPerSecond: 1000,
      commandBurst: 1000,
    });
    const data = ["--data", server.dataFile];
    const ada = await Talker.enter(server.url, "ada");
    const bob = await Talker.enter(server.url, "bob");
    const early = {
      logId: ada.client.welcome?.logId ?? "",
      channels: [{ channel: GENERAL, after: 0 }],
    };
    ada.talk();
    bob.talk();
    await until(() => ada.shown.length > 150);
    expect((await run(["channel", "keep", "general", "--messages", "60", ...data])).out).toBe(
      "general: kept are at most 60 messages.\n",
    );
    // What is read back meanwhile has no gap, wherever it ends.
    let first = 0;
    for (let tries = 0; first < 200 && tries < 200; tries++) {
      const { seqs, first: begins } = await readBack(ada);
      expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] as number) + index));
      expect(begins).toBeGreaterThanOrEqual(first);
      first = begins;
    }
    expect(first).toBeGreaterThanOrEqual(200);
    await Promise.all([ada.hush(), bob.hush()]);
    // Everybody was shown everything, once and in order.
    const head = Math.max(...ada.acknowledged.keys(), ...bob.acknowledged.keys());
    for (const { shown } of [ada, bob]) {
      await until(() => shown.at(-1)?.seq === head);
      const begin = shown[0]?.seq as number;
      expect(shown.map(({ seq }) => seq)).toEqual(shown.map((_, index) => begin + index));
    }
    let kept = await readBack(ada);
    await until(async () => {
      kept = await readBack(ada);
      return kept.seqs.length === 60;
    });
    expect([kept.seqs[0], kept.seqs.at(-1), kept.first]).toEqual([head - 59, head, head - 59]);

    // Who comes from before is told of the hole, and gets the rest.
    const late = await register(server.url, "cleo");
    const gaps: unknown[] = [];
    const cleo = new HubbubClient({
      url: server.url,
      credentials: { name: "cleo", password: PASSWORD },
      cursors: early,
    });
    const shown: number[] = [];
    cleo.on("gap", ({ from, to }) => gaps.push([from, to, shown.length]));
    cleo.on("message", ({ seq }) => shown.push(seq));
    await cleo.connect();
    expect(shown).toEqual(kept.seqs);
    expect(gaps).toEqual([[1, head - 60, 0]]);
    expect(cleo.channels[0]?.first).toBe(head - 59);
    const raw = await RawConnection.open(server.url, late.accessToken);
    await raw.expect("resumed", {
      case: "resume",
      value: { cursors: [{ channel: GENERAL, after: 3 }] },
    });
    for (const client of [ada.client, bob.client, cleo]) await client.close();

    // The next server knows it, too.
    await server.stop();
    await using again = await startServer({}, server.folder);
    const dora = await Talker.enter(again.url, "dora");
    expect(dora.client.channels[0]).toMatchObject({ head, first: head - 59 });
    await dora.say();
    expect([...dora.acknowledged.keys()]).toEqual([head + 1]);
    await dora.client.close();
  },
  PATIENCE_MS,
);

test(
  "hubbub channel keep says what it has set, and refuses what makes no sense",
  async () => {
    await using server = await startServer();
    const data = ["--data", server.dataFile];
    const keep = async (...options: string[]) =>
      (await run(["channel", "keep", "general", ...options, ...data])).out;
    const asAll = "general: messages are kept as HUBBUB_KEEP_DAYS says.\n";
    const forever = "general: messages are kept for ever.\n";
    const limited = "general: kept are at most 3 days, 9 MB.\n";
    expect(await keep()).toBe(asAll);
    expect([await keep("--forever"), await keep()]).toEqual([forever, forever]);
    expect([await keep("--days=3", "--megabytes=9"), await keep()]).toEqual([limited, limited]);
    const both = ["channel", "keep", "general", "--days=3", "--forever", ...data];
    expect(await refusalOf(both)).toContain("Give --days");
    expect(await refusalOf(["channel", "keep", "nowhere", "--days=3", ...data])).toBe(
      "There is no channel nowhere.",
    );
    expect([await keep(), await keep("--default"), await keep()]).toEqual([limited, asAll, asAll]);
    const small = await run(serveOn(server.dataFile, "--keep-megabytes=20"));
    expect(small.err).toContain("it should be 0, or a whole number from 100 to 100000000");
  },
  PATIENCE_MS,
);

test(
  "hubbub stats and doctor look at a running server's file and change nothing",
  async () => {
    await using server = await startServer();
    const data = ["--data", server.dataFile];
    const ada = await Talker.enter(server.url, "ada");
    for (let count = 0; count < 7; count++) await ada.say();
    const stats = JSON.parse((await run(["stats", "--json", ...data])).out);
    expect(stats).toMatchObject({
      accounts: 1,
      activeSessions: 1,
      messages: 7,
      messagesOfLastHour: 7,
      messagesOfLastDay: 7,
      largestChannels: [{ name: "general", messages: 7 }],
    });
    const port = new URL(server.url).port;
    const { out, err, code } = await run(["doctor", "--json", "--full", `--port=${port}`, ...data]);
    expect(err).toBe("");
    const findings = JSON.parse(out) as { about: string; level: string }[];
    const levelOf = (about: string) => findings.find((finding) => finding.about === about)?.level;
    for (const about of ["database", "keys", "pepper", "log mark", "clock", "WAL", "server"]) {
      expect([about, levelOf(about)]).toEqual([about, "ok"]);
    }
    // There are no backups.
    expect([levelOf("backups"), code]).toEqual([
      "warn",
      findings.some(({ level }) => level === "fail") ? 2 : 1,
    ]);
    await ada.client.close();
  },
  PATIENCE_MS,
);
