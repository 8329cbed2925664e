import { nowUs } from "../tester/clock.ts";
import { between, pick, type Random } from "../tester/random.ts";
import type { Schedule } from "../tester/schedule.ts";
import { stampOf } from "../tester/stamp.ts";
import { words } from "../tester/words.ts";
import { channelsOf } from "./crowd.ts";
import type { Line } from "./dialect.ts";
import type { Balance, Ledger, Window } from "./ledger.ts";

const SECOND_US = 1_000_000;
const BODY_WORDS = { min: 1, max: 10 };
/** A load has run for so long before it is measured. */
const LEAD_IN_US = SECOND_US;
const LOOK_EVERY_MS = 20;
/** After the last delivery that is owed, one too many would come within this. */
const SURPLUS_MS = 200;

export interface Load {
  readonly lines: readonly Line[];
  readonly ledger: Ledger;
  readonly schedule: Schedule;
  readonly random: Random;
}

/** What is read at the ends of a measurement. */
export interface Reading {
  readonly atUs: number;
  readonly serverCpuUs: number;
  readonly testerCpuUs: number;
  /** Deliveries so far. */
  readonly received: number;
}

/**
 * How it ended: everything owed has come; nothing came any more, though something was owed; or it
 * was still coming when the time was over.
 */
export type Settled = "whole" | "missing" | "late";

export interface Patience {
  /** What has not come when nothing has come for so long is missing. */
  readonly silenceMs: number;
  readonly mostMs: number;
}

/** Lets every connection send evenly from now on, and reads at both ends of the span of `seconds`. */
export async function measure(
  load: Load,
  messagesPerUserSecond: number,
  seconds: number,
  read: () => Reading,
): Promise<{ window: Window; before: Reading; after: Reading }> {
  const fromUs = nowUs() + LEAD_IN_US;
  const window = { fromUs, toUs: fromUs + seconds * SECOND_US };
  load.ledger.watch(window);
  talk(load, messagesPerUserSecond, window.toUs);
  const before = await readAt(load.schedule, window.fromUs, read);
  const after = await readAt(load.schedule, window.toUs, read);
  return { window, before, after };
}

/** The same without measuring, for the compilers of both sides. */
export async function warmUp(
  load: Load,
  messagesPerUserSecond: number,
  seconds: number,
): Promise<void> {
  const toUs = nowUs() + seconds * SECOND_US;
  talk(load, messagesPerUserSecond, toUs);
  await new Promise<void>((resolve) => load.schedule.at(toUs, () => resolve()));
}

/** Waits for what is owed, acknowledgements and all. */
export async function settle(load: Load, patience: Patience): Promise<[Settled, Balance]> {
  const { ledger, lines } = load;
  const unanswered = () => lines.reduce((sum, line) => sum + line.unanswered(), 0);
  const begunMs = performance.now();
  let heardMs = begunMs;
  let received = ledger.received;
  for (;;) {
    const isPerhapsWhole = ledger.received >= ledger.owed && unanswered() === 0;
    if (isPerhapsWhole && ledger.balance().missing === 0) {
      await Bun.sleep(SURPLUS_MS);
      return ["whole", ledger.balance()];
    }
    await Bun.sleep(LOOK_EVERY_MS);
    const now = performance.now();
    if (ledger.received > received) heardMs = now;
    received = ledger.received;
    if (now - heardMs > patience.silenceMs) return ["missing", ledger.balance()];
    if (now - begunMs > patience.mostMs) return ["late", ledger.balance()];
  }
}

/**
 * Every connection sends at its own even rate, from a moment of its own on, until `untilUs`. A
 * message that is late in being sent counts from when it was due.
 */
function talk(load: Load, messagesPerUserSecond: number, untilUs: number): void {
  const { lines, ledger, schedule, random } = load;
  const betweenUs = SECOND_US / messagesPerUserSecond;
  const beganUs = nowUs();
  lines.forEach((line, connection) => {
    const channels = channelsOf(connection);
    const plan = (at: number) => {
      const dueUs = Math.round(at);
      if (dueUs >= untilUs) return;
      schedule.at(dueUs, () => {
        const channel = pick(random, channels);
        line.send(channel, bodyOf(dueUs, random));
        ledger.sent(channel, dueUs);
        plan(at + betweenUs);
      });
    };
    plan(beganUs + random() * betweenUs);
  });
}

function bodyOf(dueUs: number, random: Random): string {
  let body = stampOf(dueUs);
  const count = between(random, BODY_WORDS.min, BODY_WORDS.max);
  for (let word = 0; word < count; word++) body += ` ${pick(random, words)}`;
  return body;
}

function readAt(schedule: Schedule, dueUs: number, read: () => Reading): Promise<Reading> {
  return new Promise((resolve) => schedule.at(dueUs, () => resolve(read())));
}
