import { nowUs } from "../tester/clock.ts";
import type { Schedule } from "../tester/schedule.ts";
import { Tally } from "../tester/tally.ts";
import type { Attempt, Ending } from "./attempt.ts";
import type { StreamOrder, StreamReport } from "./messages.ts";

/** Sockets at a time. What is due beyond them waits, and its waiting counts. */
const MOST_AT_ONCE = 1000;

interface Parts {
  readonly schedule: Schedule;
  readonly next: (password: StreamOrder["password"]) => Attempt;
  readonly attempt: (attempt: Attempt) => Promise<Ending>;
}

/**
 * Signs in when it is due by the clock, whether those before have been answered or not. Resolves when
 * all have been.
 */
export function stream(
  order: StreamOrder,
  { schedule, next, attempt }: Parts,
): Promise<StreamReport> {
  const { promise, resolve } = Promise.withResolvers<StreamReport>();
  const cpu = process.cpuUsage();
  const signIn = new Tally();
  const refusal = new Tally();
  const faults: Record<string, number> = {};
  const counts = { signedIn: 0, toldWhen: 0, toldWrong: 0 };
  const waiting: number[] = [];
  let underWay = 0;
  let ended = 0;

  const record = (ending: Ending, tookUs: number) => {
    if (ending.kind === "fault") faults[ending.code] = (faults[ending.code] ?? 0) + 1;
    else if (ending.kind === "signed in") {
      counts.signedIn += 1;
      signIn.add(tookUs);
    } else {
      counts[ending.kind === "told when" ? "toldWhen" : "toldWrong"] += 1;
      refusal.add(tookUs);
    }
  };
  const finishIfDone = () => {
    if (ended < order.count) return;
    const { user, system } = process.cpuUsage(cpu);
    const latencies = { signIn: signIn.take(), refusal: refusal.take() };
    resolve({ ...counts, ...latencies, faults, cpuUs: user + system });
  };
  const run = async (dueUs: number) => {
    underWay += 1;
    record(await attempt(next(order.password)), nowUs() - dueUs);
    underWay -= 1;
    ended += 1;
    finishIfDone();
    goOn();
  };
  const goOn = () => {
    while (underWay < MOST_AT_ONCE && waiting.length > 0) void run(waiting.shift() as number);
  };
  for (let number = 0; number < order.count; number++) {
    schedule.at(order.startUs + number * order.everyUs, (dueUs) => {
      waiting.push(dueUs);
      goOn();
    });
  }
  finishIfDone();
  return promise;
}
