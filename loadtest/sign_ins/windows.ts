import type { Account } from "../accounts.ts";
import type { Beginning, Companion } from "../companion.ts";
import type { PingSample } from "../monitor.ts";
import { addCounts, latencyOf, newHistogram } from "../percentiles.ts";
import { readServerCpu, type ServerCpu } from "../process_cpu.ts";
import type { Latency } from "../result.ts";
import { nowUs } from "../tester/clock.ts";
import type { SecondReport } from "../tester/messages.ts";
import type { Counts } from "../tester/tally.ts";
import type { StreamReport } from "./messages.ts";
import type { People } from "./people.ts";
import type { Outcome, Window } from "./result.ts";
import { dueIn } from "./scenario.ts";
import { SecondLog } from "./second_log.ts";
import { Signer } from "./signer.ts";
import type { Turn } from "./turns.ts";

const SECOND_US = 1_000_000;
/** Before the first window, while everybody falls into step. */
export const WARM_UP_SECONDS = 5;
/** From a window's last answer to the next window at least: nothing of the one is to be left in the other. */
export const REST_SECONDS = 1;

export interface WindowsOptions {
  readonly turns: readonly Turn[];
  readonly windowSeconds: number;
  readonly people: People;
  /** The core to pin the process that signs in to, or null. */
  readonly cpu: number | null;
  readonly onWindow: (window: Window) => void;
}

/** What a window's sign-ins came to, and when the last of them was answered. */
interface Streamed {
  readonly report: StreamReport;
  readonly wallUs: number;
}

/** Signs in beside a run, window by window, and tells how the messages fared in each. */
export class Windows implements Companion {
  readonly accounts: readonly Account[];
  /** Those that are over, in the order of the turns. */
  readonly windows: Window[] = [];
  readonly #options: WindowsOptions;
  readonly #log = new SecondLog();

  constructor(options: WindowsOptions) {
    this.#options = options;
    this.accounts = options.people.accounts;
  }

  second(tester: number, report: SecondReport): void {
    this.#log.add(tester, report);
  }

  ping(sample: PingSample): void {
    this.#log.addPing(sample);
  }

  async accompany(beginning: Beginning): Promise<void> {
    const { turns, people, cpu, onWindow } = this.#options;
    const { url, signal } = beginning;
    const signer = new Signer({ ...people.plan, url }, cpu);
    try {
      await signer.ready;
      await sleepUntil(nowUs() + WARM_UP_SECONDS * SECOND_US, signal);
      for (const turn of turns) {
        const window = await this.#window(turn, beginning, signer);
        if (signal.aborted) return;
        this.windows.push(window);
        onWindow(window);
      }
    } finally {
      signer.end();
    }
  }

  async #window(turn: Turn, beginning: Beginning, signer: Signer): Promise<Window> {
    const { windowSeconds } = this.#options;
    const { startUs: runStartUs, serverPid, testers, signal } = beginning;
    const from = Math.ceil((nowUs() - runStartUs) / SECOND_US) + REST_SECONDS;
    const startUs = runStartUs + from * SECOND_US;
    const streamed = this.#stream(turn, startUs, signer);
    // It is heard of when it is waited for.
    streamed.catch(() => {});
    await sleepUntil(startUs, signal);
    const before = readServerCpu(serverPid);
    const beganUs = nowUs();
    await sleepUntil(startUs + windowSeconds * SECOND_US, signal);
    const after = readServerCpu(serverPid);
    const wallUs = nowUs() - beganUs;
    await Promise.race([streamed, aborted(signal)]);
    await this.#log.toldOf(from + windowSeconds - 1, testers, signal);
    const signIns = signal.aborted ? undefined : await streamed;
    return {
      scenario: turn.scenario?.name ?? null,
      round: turn.round,
      atSeconds: from,
      ...this.#log.take(from, from + windowSeconds),
      ...loadsOf(before, after, wallUs),
      signerLoad: signIns ? signIns.report.cpuUs / signIns.wallUs : 0,
      signIns: signIns ? outcomeOf(signIns.report, this.#dueIn(turn)) : null,
    };
  }

  async #stream(turn: Turn, startUs: number, signer: Signer): Promise<Streamed | undefined> {
    if (turn.scenario === null) return undefined;
    const { password, perSecond } = turn.scenario;
    const everyUs = perSecond === null || perSecond === 0 ? 0 : SECOND_US / perSecond;
    const report = await signer.stream({ password, count: this.#dueIn(turn), startUs, everyUs });
    return { report, wallUs: Math.max(SECOND_US, nowUs() - startUs) };
  }

  #dueIn({ scenario }: Turn): number {
    return scenario === null ? 0 : dueIn(scenario, this.#options.windowSeconds);
  }
}

function loadsOf(before: ServerCpu | undefined, after: ServerCpu | undefined, wallUs: number) {
  if (before === undefined || after === undefined) return { serverLoad: null, hasherLoad: null };
  return {
    serverLoad: (after.serverUs - before.serverUs) / wallUs,
    // A child that has ended in between took its time with it.
    hasherLoad: Math.max(0, after.hasherUs - before.hasherUs) / wallUs,
  };
}

function outcomeOf(report: StreamReport, due: number): Outcome {
  const { signedIn, toldWhen, toldWrong, faults, signIn, refusal } = report;
  return {
    ...{ due, signedIn, toldWhen, toldWrong, faults },
    signInMs: latencyOfCounts(signIn),
    refusalMs: latencyOfCounts(refusal),
  };
}

function latencyOfCounts(counts: Counts): Latency {
  const histogram = newHistogram();
  addCounts(histogram, counts);
  return latencyOf(histogram);
}

/** Returns early where the signal says so. */
async function sleepUntil(us: number, signal: AbortSignal): Promise<void> {
  const ms = (us - nowUs()) / 1000;
  if (ms > 0) await Promise.race([Bun.sleep(ms), aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
