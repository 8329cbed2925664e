import type { Account } from "../accounts.ts";
import { addCounts, latencyOf, newHistogram, percentileMs } from "../percentiles.ts";
import { nowUs } from "../tester/clock.ts";
import { seededRandom } from "../tester/random.ts";
import { Schedule } from "../tester/schedule.ts";
import type { Counts } from "../tester/tally.ts";
import { dialects } from "./contenders.ts";
import { cpuUsOf } from "./cpu_time.ts";
import { channelsOf } from "./crowd.ts";
import type { Line } from "./dialect.ts";
import { Ledger } from "./ledger.ts";
import { measure, type Patience, type Reading, settle, warmUp } from "./load.ts";
import type { Measurement, Plan } from "./messages.ts";

/** As many sign in at a time; the others' connections are so quick that it does not matter. */
const ENTRIES_AT_ONCE = 4;
const PATIENCE: Patience = { silenceMs: 5000, mostMs: 90_000 };

/**
 * One measurement, from the first connection to the last delivery: everybody enters, the warm-up and
 * what is owed of it, the measured time, and what is owed of that.
 *
 * Rejects with a sentence where a connection fails.
 */
export async function drive(plan: Plan, patience = PATIENCE): Promise<Measurement> {
  const schedule = new Schedule();
  const failure = Promise.withResolvers<never>();
  const lines: Line[] = [];
  try {
    const measuring = run(plan, patience, schedule, lines, (why) => failure.reject(new Error(why)));
    return await Promise.race([measuring, failure.promise]);
  } finally {
    schedule.stop();
    for (const line of lines) line?.close();
  }
}

async function run(
  plan: Plan,
  patience: Patience,
  schedule: Schedule,
  lines: Line[],
  failed: (why: string) => void,
): Promise<Measurement> {
  const ledger = new Ledger(plan.accounts.length, nowUs());
  await enterAll(plan, ledger, lines, failed);
  const load = { lines, ledger, schedule, random: seededRandom(plan.seed, 0) };
  await warmUp(load, plan.warmUp.messagesPerUserSecond, plan.warmUp.seconds);
  await settle(load, patience);

  schedule.lateness.take();
  const read = () => readingOf(plan.serverPid, ledger);
  const ends = await measure(load, plan.messagesPerUserSecond, plan.seconds, read);
  const lateness = histogramOf(schedule.lateness.take());
  const [settled, balance] = await settle(load, patience);
  const { before, after } = ends;
  return {
    seconds: (after.atUs - before.atUs) / 1e6,
    messages: ledger.windowMessages,
    deliveriesOffered: ledger.windowOwed,
    deliveries: after.received - before.received,
    serverCpuUs: after.serverCpuUs - before.serverCpuUs,
    testerCpuUs: after.testerCpuUs - before.testerCpuUs,
    testerLatenessP99Ms: percentileMs(lateness, 99) ?? 0,
    latencyMs: latencyOf(histogramOf(ledger.latency.take())),
    settled,
    ...balance,
    unanswered: lines.reduce((sum, line) => sum + line.unanswered(), 0),
  };
}

/** Lets everybody in, a few at a time, and into their channels. */
async function enterAll(
  { dialect, url, accounts }: Plan,
  ledger: Ledger,
  lines: Line[],
  failed: (why: string) => void,
): Promise<void> {
  const enter = dialects[dialect]();
  let next = 0;
  const work = async () => {
    while (next < accounts.length) {
      const connection = next++;
      lines[connection] = await enter({
        url,
        channels: channelsOf(connection),
        account: accounts[connection] as Account,
        delivered: (channel, dueUs, receivedUs) =>
          ledger.took(connection, channel, dueUs, receivedUs),
        failed,
      });
    }
  };
  await Promise.all(Array.from({ length: ENTRIES_AT_ONCE }, work));
}

function readingOf(serverPid: number, { received }: Ledger): Reading {
  const { user, system } = process.cpuUsage();
  return {
    atUs: nowUs(),
    serverCpuUs: cpuUsOf(serverPid),
    testerCpuUs: user + system,
    received,
  };
}

function histogramOf(counts: Counts) {
  const histogram = newHistogram();
  addCounts(histogram, counts);
  return histogram;
}
