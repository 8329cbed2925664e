import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HubbubClient } from "../../src/client/client.ts";
import { register, signIn } from "../../src/client/sign_in.ts";
import { post } from "../support/command.ts";
import { keptOf, makeOlder } from "../support/kept.ts";
import { isCompiled, type ServerProcess, startProcess } from "../support/process.ts";
import { PASSWORD } from "../support/server.ts";
import { Talker } from "../support/talker.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { numbers } from "./retention/listener.ts";

const PATIENCE_MS = 120_000;
const DAY_MS = 86_400_000;
const FIVE_YEARS_MS = 5 * 365 * DAY_MS;
const JUMPED =
  "the clock has jumped, or the server was off: ages of messages follow by a day an hour";

let folder: string;
let data: string;
let ahead: string;
let server: ServerProcess;
beforeEach(async () => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
  ahead = join(folder, "ahead");
  setClock(0);
});
afterEach(async () => {
  await server.end("SIGKILL");
  removeFolder(folder);
});

/** Sets the server's clock, from now on, ahead of the true time. */
function setClock(aheadMs: number): void {
  writeFileSync(ahead, String(aheadMs));
}

async function start(port = 0): Promise<void> {
  const preload = join(import.meta.dir, "../support/shifted_clock.ts");
  const enter = ["env", `CLOCK_AHEAD_FILE=${ahead}`, `BUN_OPTIONS=--preload=${preload}`];
  server = await startProcess(folder, { keepDays: 30, port }, enter);
}

/** How far the clock of ages has come, as it was last noted, in ms. */
function believedMs(): number {
  using db = new Database(data, { readonly: true });
  const row = db
    .query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'retention_ms'")
    .get();
  return Number(row?.value);
}

/** The events of the log that are worth a thought. */
const warnings = () => server.log.filter(({ level }) => level !== "info");

// A clock that is wrong for a compiled program would have to be the machine's.
describe.skipIf(isCompiled)("a server whose clock jumps five years ahead, and back", () => {
  test(
    "numbers and delivers messages as before, loses none, warns, and lets people sign in",
    async () => {
      await start();
      const ada = await Talker.enter(server.url, "ada");
      const bob = await Talker.enter(server.url, "bob");
      for (let count = 0; count < 5; count++) await ada.say();
      // They would be gone with the first look at the clock.
      makeOlder(data, 29);
      const before = { passedMs: performance.now(), believedMs: believedMs() };

      setClock(FIVE_YEARS_MS);
      await until(() => warnings().length > 0);
      expect(warnings()).toMatchObject([{ level: "warn", msg: JUMPED, days: 5 * 365 }]);
      for (let count = 0; count < 5; count++) await ada.say();
      await until(() => bob.shown.length === 10);
      // Ages follow, by no more than a day in an hour.
      await until(() => believedMs() > before.believedMs + 60_000);
      const passedMs = performance.now() - before.passedMs;
      expect(believedMs() - before.believedMs).toBeLessThanOrEqual(24 * (passedMs + 60_000));
      expect(keptOf(data, "general")).toEqual({ gone: 0, seqs: numbers(1, 10) });
      // Who comes new is let in, and so is who signs in again.
      const cleo = await Talker.enter(server.url, "cleo");
      await cleo.say();
      const again = await signIn(server.url, "bob", PASSWORD);
      const ticketFor = async ({ accessToken }: { readonly accessToken: string }) =>
        (await post(server.url, "ticket", {}, accessToken)).status;
      expect(await ticketFor(again)).toBe(200);

      setClock(0);
      await ada.say();
      await cleo.say();
      // What was signed five years from now is not believed, and a password is.
      const now = await signIn(server.url, "bob", PASSWORD);
      expect([await ticketFor(again), await ticketFor(now)]).toEqual([401, 200]);
      await until(() => [ada, bob].every(({ shown }) => shown.length === 13));
      for (const { shown } of [ada, bob])
        expect(shown.map(({ seq }) => seq)).toEqual(numbers(1, 13));
      expect(warnings()).toHaveLength(1);

      // All of them come back by themselves, the one whose token is from the future as well.
      await server.end("SIGTERM");
      await start(Number(new URL(server.url).port));
      await Promise.all([ada.say(), bob.say(), cleo.say()]);
      await until(() => [ada, bob].every(({ shown }) => shown.length === 16));
      expect(keptOf(data, "general")).toEqual({ gone: 0, seqs: numbers(1, 16) });
      await Promise.all([ada, bob, cleo].map(({ client }) => client.close()));
    },
    PATIENCE_MS,
  );

  test(
    "before it is started loses nothing either, and keeps who is signed in only where they are there",
    async () => {
      await start();
      const { url } = server;
      const ada = await Talker.enter(url, "ada");
      const bob = await register(url, "bob", PASSWORD);
      for (let count = 0; count < 5; count++) await ada.say();
      makeOlder(data, 29);
      await ada.client.close();
      await server.end("SIGTERM");

      setClock(FIVE_YEARS_MS);
      await start(Number(new URL(url).port));
      await until(() => warnings().some(({ msg }) => msg === JUMPED));
      // To this clock nobody has been here for five years.
      const late = new HubbubClient({ url, credentials: bob });
      const ended = new Promise((resolve) => late.on("signedOut", resolve));
      await late.connect().catch(() => {});
      await ended;
      const back = await Talker.enter(url, "ada", await signIn(url, "ada", PASSWORD));
      await back.say();
      expect(keptOf(data, "general")).toEqual({ gone: 0, seqs: numbers(1, 6) });
      await back.client.close();
    },
    PATIENCE_MS,
  );
});
