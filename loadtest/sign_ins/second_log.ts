import type { PingSample } from "../monitor.ts";
import { addCounts, latencyOf, newHistogram, percentileMs } from "../percentiles.ts";
import type { SecondReport } from "../tester/messages.ts";
import type { Window } from "./result.ts";

/** What the seconds of a window say. */
export type Seen = Pick<
  Window,
  | ("deliveryMs" | "ackMs" | "deliveriesPerSecond")
  | ("testerLoad" | "busiestTesterLoad" | "testerLatenessP99Ms" | "diskStillShare")
>;

/** How often it is looked whether all reports have come. */
const LOOK_EVERY_MS = 20;
/** A pong that has not come by then is not waited for. */
const LATEST_PONG_MS = 2000;

/** Keeps what the tester processes tell of each second until a window is put together from them. */
export class SecondLog {
  readonly #seconds = new Map<number, Map<number, SecondReport>>();
  /** Milliseconds in slow commits, by the second that they lie in. */
  readonly #slowCommitsMs = new Map<number, number>();

  add(tester: number, report: SecondReport): void {
    const reports = this.#seconds.get(report.second) ?? new Map<number, SecondReport>();
    reports.set(tester, report);
    this.#seconds.set(report.second, reports);
  }

  addPing({ second, figures }: PingSample): void {
    if (figures !== undefined) this.#slowCommitsMs.set(second - 1, figures.slowCommitsMs);
  }

  /**
   * Resolves when each of so many testers has told of that second and the server has of itself, or the
   * signal says that nobody will.
   */
  async toldOf(second: number, testers: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (this.#seconds.get(second)?.size ?? 0) < testers) {
      await Bun.sleep(LOOK_EVERY_MS);
    }
    const untilMs = performance.now() + LATEST_PONG_MS;
    while (!signal.aborted && !this.#slowCommitsMs.has(second) && performance.now() < untilMs) {
      await Bun.sleep(LOOK_EVERY_MS);
    }
  }

  /** The seconds from `from` up to, and without, `to`. Forgets them, and those before. */
  take(from: number, to: number): Seen {
    const delivery = newHistogram();
    const ack = newHistogram();
    const lateness = newHistogram();
    const cpu = new Map<number, { cpuUs: number; wallUs: number }>();
    let deliveries = 0;
    let slowCommitsMs: number | undefined;
    for (let second = from; second < to; second++) {
      const slowMs = this.#slowCommitsMs.get(second);
      if (slowMs !== undefined) slowCommitsMs = (slowCommitsMs ?? 0) + slowMs;
      for (const [tester, report] of this.#seconds.get(second) ?? []) {
        addCounts(delivery, report.delivery);
        addCounts(ack, report.ack);
        addCounts(lateness, report.lateness);
        deliveries += report.deliveries;
        const { cpuUs, wallUs } = cpu.get(tester) ?? { cpuUs: 0, wallUs: 0 };
        cpu.set(tester, { cpuUs: cpuUs + report.cpuUs, wallUs: wallUs + report.wallUs });
      }
    }
    for (const kept of [this.#seconds, this.#slowCommitsMs]) {
      for (const second of kept.keys()) if (second < to) kept.delete(second);
    }
    const loads = [...cpu.values()].map(({ cpuUs, wallUs }) => (wallUs > 0 ? cpuUs / wallUs : 0));
    return {
      deliveryMs: latencyOf(delivery),
      ackMs: latencyOf(ack),
      deliveriesPerSecond: Math.round(deliveries / (to - from)),
      testerLoad: loads.reduce((sum, load) => sum + load, 0),
      busiestTesterLoad: Math.max(0, ...loads),
      testerLatenessP99Ms: percentileMs(lateness, 99) ?? 0,
      diskStillShare:
        slowCommitsMs === undefined ? null : Math.min(1, slowCommitsMs / 1000 / (to - from)),
    };
  }
}
