/**
 * The crash test: people talk through the client library while the server is killed, at random and
 * at the worst moments, and started again.
 *
 *     CRASH_SEED=1234 CRASH_ROUNDS=200 bun test test/e2e/crash.test.ts
 *
 * A seed repeats what is done, though not the timing of the processes that it is done to.
 *
 * It has been seen to catch, each within twelve rounds: acknowledgements and deliveries that come
 * before the commit; numbers given out again after a restart; a server that does not know its
 * nonces; a client that repeats a send under a new nonce, that takes a message after a gap, or that
 * refuses to send to a channel while it joins it again.
 */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { HubbubClient } from "../../src/client/client.ts";
import { register, signIn } from "../../src/client/sign_in.ts";
import { Random } from "../sim/random.ts";
import { PASSWORD } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { DoomedServer, type Ending } from "./crash/doomed_server.ts";
import { FlakyNetwork } from "./crash/flaky_network.ts";
import { Ledger } from "./crash/ledger.ts";
import { Participant } from "./crash/participant.ts";

const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const rounds = Number(process.env.CRASH_ROUNDS ?? 12);

/** The longest that a round may take on a slow and busy machine, its share of the end included. */
const ROUND_MS = 20_000;
/** How long everything may take to come to rest at the end, before what is missing counts as lost. */
const REST_MS = 45_000;
/** A moment that does not come is not waited for any longer. */
const MOMENT_MS = 2500;
const FAULTS_SHOWN = 25;

const NAMES = ["general", "tea", "ops", "den"];

/** Who takes part. The first is in every channel from beginning to end. */
const CAST = [
  { account: "fay", homes: 4 },
  { account: "ada", homes: 2, isDouble: true },
  { account: "ada", homes: 2, isDouble: true, isFlaky: true },
  { account: "bob", homes: 2, isDouble: true },
  { account: "bob", homes: 2, isDouble: true, isJson: true },
  { account: "cyd", homes: 1, isFlaky: true, isJson: true },
  { account: "dan", homes: 3, isFlaky: true },
  { account: "eve", homes: 2, isFlaky: true, endsAtTimes: true },
];

const UNLIMITED = {
  messagesPerSecond: 100_000,
  messageBurst: 100_000,
  commandsPerSecond: 100_000,
  commandBurst: 100_000,
  accessTokenMinutes: 1,
};

const toRepeat = `CRASH_SEED=${seed} CRASH_ROUNDS=${rounds}`;
process.stderr.write(`crash: ${toRepeat}\n`);
const random = new Random(seed);
/** What was done to the server, for the report of a failure. */
const story: string[] = [];

test(
  "nothing acknowledged is lost, nothing is doubled or out of order, however often the server is killed",
  async () => {
    const folder = makeFolder();
    const ledger = new Ledger();
    const server = new DoomedServer(folder, (fault) => ledger.fault(0, "-", fault));
    const networks: FlakyNetwork[] = [];
    const cast: Participant[] = [];
    const stumbled = (error: unknown) => {
      const what = error instanceof Error ? error.stack : error;
      ledger.fault(0, "-", `no further: ${what}`);
    };
    let isOver = false;
    try {
      await server.start(UNLIMITED);
      await gather(cast, server, ledger, networks);
      const acts = cast.map((participant) => participant.act(() => isOver).catch(stumbled));
      for (let round = 1; round <= rounds; round++) {
        ledger.round = round;
        await killSomehow(server, ledger);
        if (random.chance(0.15)) await server.startInVain(random.below(1000));
        await server.start(settings(round));
      }
      isOver = true;
      await comeToRest(acts, cast, ledger);
      await compare(cast, ledger);
      await server.end("SIGTERM");
      checkFile(server.file);
    } catch (error) {
      stumbled(error);
    } finally {
      isOver = true;
      for (const participant of cast) await participant.close();
      await server.end("SIGKILL");
      for (const network of networks) network.close();
      removeFolder(folder);
    }
    report(ledger);
  },
  rounds * ROUND_MS + 3 * REST_MS,
);

/** Makes accounts and channels, and brings everybody together. */
async function gather(
  cast: Participant[],
  server: DoomedServer,
  ledger: Ledger,
  networks: FlakyNetwork[],
): Promise<void> {
  const { url } = server;
  const founder = new HubbubClient({ url, credentials: await register(url, "zoe", PASSWORD) });
  await founder.connect();
  for (const name of NAMES) ledger.channels.set((await founder.join(name)).id, name);
  await founder.close();

  const homesOf = new Map<string, number[]>();
  for (const [index, role] of CAST.entries()) {
    const { account, isDouble = false, isFlaky, isJson, endsAtTimes = false } = role;
    const isNew = !ledger.accounts.has(account);
    const credentials = await (isNew ? register : signIn)(url, account, PASSWORD);
    ledger.accounts.set(account, credentials.user.id);
    const homes = homesOf.get(account) ?? some([...ledger.channels.keys()], role.homes);
    homesOf.set(account, homes);
    const network = isFlaky ? await FlakyNetwork.open(() => server.port) : undefined;
    if (network) networks.push(network);
    const participant = new Participant({
      name: `${account}/${index}`,
      account,
      url: network?.url ?? url,
      signIn: credentials,
      ledger,
      random: new Random(random.below(2 ** 32)),
      subprotocol: isJson ? "hubbub.v1.json" : "hubbub.v1",
      homes,
      network,
      endsAtTimes,
      isAlone: !isDouble,
    });
    cast.push(participant);
    await participant.begin();
  }
}

/** What the server is started with: much that matters for what a crash leaves behind. */
function settings(round: number) {
  const chosen = {
    durability: round % 2 === 0 ? "committed" : "synced",
    // Without a ring every catch-up reads the file.
    ringBytes: random.pick([0, 2000, 64 * 1024 * 1024]),
    pageItems: random.pick([3, 200]),
    subscriptionFlushSeconds: random.pick([1, 30]),
    paceCapMs: random.pick([0, 20]),
  };
  // In the last round everything has to be read, and at once.
  const limits =
    round < rounds && random.chance(0.2) ? { messagesPerSecond: 40, messageBurst: 20 } : {};
  story.push(`round ${round}, then: ${JSON.stringify({ ...chosen, ...limits })}`);
  return { ...UNLIMITED, ...chosen, ...limits };
}

/** Ends the server, sooner or later, at a moment and in a way that the seed chooses. */
async function killSomehow(server: DoomedServer, ledger: Ledger): Promise<void> {
  const moment = random.weighted({ anyTime: 3, send: 2, ack: 3, message: 2, online: 2 });
  const times = { anyTime: 0, send: 60, ack: 80, message: 300, online: 8 }[moment];
  const count = 1 + random.below(times);
  const delayMs = random.below(1500);
  const ending = random.weighted<Ending>({
    SIGKILL: 14,
    SIGTERM: 3,
    "SIGTERM twice": 1,
    "SIGTERM, then SIGKILL": 2,
  });
  const secondAfterMs = random.below(60);
  const isOnTime = moment === "anyTime";
  const when = isOnTime ? `after ${delayMs} ms` : `at ${moment} ${count} from the start`;
  story.push(`round ${ledger.round}: ${ending} ${when}`);
  const end = () => server.end(ending, secondAfterMs);
  await new Promise<void>((resolve, reject) => {
    // In the very call that brings the news, so that nothing comes in between.
    const ring = () => {
      clearTimeout(timer);
      end().then(resolve, reject);
    };
    const timer = setTimeout(
      () => {
        ledger.alarmAfter(Number.POSITIVE_INFINITY, "send", () => {});
        ring();
      },
      isOnTime ? delayMs : MOMENT_MS,
    );
    if (!isOnTime) ledger.alarmAfter(count, moment, ring);
  });
  await Bun.sleep(random.chance(0.2) ? random.below(1000) : 0);
}

/** Waits until everything that was sent is acknowledged, and everybody has seen it. */
async function comeToRest(acts: Promise<void>[], cast: Participant[], ledger: Ledger) {
  let areDone = false;
  void Promise.all(acts).then(() => {
    areDone = true;
  });
  if (!(await settles(() => areDone))) ledger.fault(0, "-", "somebody never got through");
  await settles(() => cast.every(({ waiting, isOnline }) => waiting === 0 && isOnline));
  for (const { name, waiting, isOnline } of cast) {
    if (!isOnline) ledger.fault(0, "-", `${name} does not come online again`);
    if (waiting > 0) ledger.fault(0, "-", `${waiting} sends of ${name} are never acknowledged`);
  }
}

async function compare(cast: Participant[], ledger: Ledger): Promise<void> {
  const [reader] = cast as [Participant];
  if (!reader.isOnline) return;
  const heads = new Map<number, number>();
  for (const channel of ledger.channels.keys()) {
    const history = await reader.history(channel);
    heads.set(channel, history.length);
    ledger.checkHistory(channel, history);
  }
  const isAtHead = ({ channel, last }: { channel: number; last: number }) =>
    last === heads.get(channel);
  await settles(() => cast.every(({ periods }) => periods.every(isAtHead)));
  for (const { name, periods } of cast) {
    for (const { channel, last } of periods.filter((period) => !isAtHead(period))) {
      ledger.fault(channel, last, `is the last that ${name} has seen, of ${heads.get(channel)}`);
    }
  }
  for (const one of cast) {
    for (const other of cast.filter(({ account }) => account === one.account)) {
      if (channelsOf(one) === channelsOf(other)) continue;
      const text = `${one.name} is in ${channelsOf(one)}, but ${other.name} in ${channelsOf(other)}`;
      ledger.fault(0, "-", text);
    }
  }
}

function channelsOf({ periods }: Participant): string {
  return periods
    .map(({ channel }) => channel)
    .sort()
    .join();
}

function checkFile(file: string): void {
  const db = new Database(file, { readonly: true });
  expect(Object.values(db.query("PRAGMA integrity_check").get() as object)).toEqual(["ok"]);
  db.close();
}

function report({ faults, counts }: Ledger): void {
  process.stderr.write(`crash: ${JSON.stringify(counts)}\n`);
  if (faults.length > 0) {
    const shown = [...story, "", ...faults.slice(0, FAULTS_SHOWN)].join("\n");
    throw new Error(`${toRepeat}: ${faults.length} faults, of which the first are\n${shown}`);
  }
  // A test in which nothing happens proves nothing.
  expect(counts.ack).toBeGreaterThan(rounds);
  expect(counts.message).toBeGreaterThan(counts.ack);
}

/** Waits until the condition holds; false if that takes too long. */
async function settles(condition: () => boolean): Promise<boolean> {
  const giveUpAtMs = Date.now() + REST_MS;
  while (!condition()) {
    if (Date.now() > giveUpAtMs) return false;
    await Bun.sleep(10);
  }
  return true;
}

/** Some of the items, in an order of their own. */
function some<T>(items: T[], count: number): T[] {
  const left = [...items];
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0] as T);
}
