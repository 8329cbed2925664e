import type { Histogram } from "hdr-histogram-js";
import type { PingSample } from "./monitor.ts";
import { addCounts, latencyOf, newHistogram, percentileMs } from "./percentiles.ts";
import type { Latencies, Second, Stages } from "./result.ts";
import { stagesOf } from "./stages.ts";
import type { SecondReport } from "./tester/messages.ts";

/** A second as far as its reports have come. */
interface OpenSecond {
  readonly reports: (SecondReport | undefined)[];
}

/** The four latencies of the result, and two that the tester keeps beside them. */
class Distributions {
  readonly ack = newHistogram();
  readonly delivery = newHistogram();
  readonly signIn = newHistogram();
  readonly resume = newHistogram();
  readonly lateness = newHistogram();

  add(report: SecondReport): void {
    for (const name of ["ack", "delivery", "signIn", "resume", "lateness"] as const) {
      addCounts(this[name], report[name]);
    }
  }
}

/** What all seconds of a run, or those of its plateau, add up to. */
export interface Sum {
  readonly latencies: Latencies;
  /** Null where nobody came back. */
  readonly resume: Latencies["ack"] | null;
  readonly latenessP99Ms: number;
  readonly deliveriesPerSecond: number;
  /** In cores. */
  readonly serverLoad: number;
  /** Of the server's process, the most of the seconds. */
  readonly mostResidentBytes: number;
  readonly testerLoad: number;
  /** Of the tester process that was busiest, in cores. */
  readonly busiestTesterLoad: number;
}

/** Counts over the whole run. */
export interface Totals {
  messagesSent: number;
  messagesAcknowledged: number;
  deliveries: number;
  joins: number;
  leaves: number;
  signIns: number;
  reconnects: number;
}

/**
 * Puts together what the testers and the monitor tell of each second. A second is closed when
 * every tester has told of it; it belongs to the plateau if all users were connected before it
 * began and none had gone when it ended.
 */
export class Timeline {
  readonly totals: Totals = {
    messagesSent: 0,
    messagesAcknowledged: 0,
    deliveries: 0,
    joins: 0,
    leaves: 0,
    signIns: 0,
    reconnects: 0,
  };
  readonly errors: Record<string, number> = {};
  readonly #users: number;
  readonly #testers: number;
  readonly #onSecond: (second: Second) => void;
  readonly #open = new Map<number, OpenSecond>();
  readonly #closed: Second[] = [];
  /** By tester: the last report, and the last second told of (infinity when it is done). */
  readonly #latest: (SecondReport | undefined)[];
  readonly #toldOf: number[];
  readonly #pings: PingSample[] = [];
  readonly #whole = new Distributions();
  readonly #plateau = new Distributions();
  readonly #plateauSeconds = new Set<number>();
  readonly #plateauCpu: { cpuUs: number; wallUs: number }[];
  readonly #wholeCpu: { cpuUs: number; wallUs: number }[];
  /** The first second that may belong to the plateau. */
  #plateauFrom: number;

  /** @param isHeld nobody acts before `released` is called, and the plateau begins there. */
  constructor(users: number, testers: number, isHeld: boolean, onSecond: (second: Second) => void) {
    this.#users = users;
    this.#testers = testers;
    this.#plateauFrom = isHeld ? Number.POSITIVE_INFINITY : 0;
    this.#onSecond = onSecond;
    this.#latest = new Array(testers).fill(undefined);
    this.#toldOf = new Array(testers).fill(-1);
    this.#plateauCpu = Array.from({ length: testers }, () => ({ cpuUs: 0, wallUs: 0 }));
    this.#wholeCpu = Array.from({ length: testers }, () => ({ cpuUs: 0, wallUs: 0 }));
  }

  /** Everybody may act from the middle of this second on. */
  released(second: number): void {
    this.#plateauFrom = second + 1;
  }

  ping(sample: PingSample): void {
    this.#pings.push(sample);
  }

  report(tester: number, report: SecondReport): void {
    const open = this.#open.get(report.second) ?? { reports: new Array(this.#testers) };
    open.reports[tester] = report;
    this.#open.set(report.second, open);
    this.#toldOf[tester] = report.second;
    this.#close();
  }

  done(tester: number): void {
    this.#toldOf[tester] = Number.POSITIVE_INFINITY;
    this.#close();
  }

  /** All seconds, each with the pings and figures that have come by now. */
  get seconds(): Second[] {
    const pings = new Map(this.#pings.map((ping) => [ping.second, ping]));
    return this.#closed.map((second) => ({
      ...second,
      ...figuresOf(pings.get(second.atSeconds + 1) ?? pings.get(second.atSeconds)),
      pingMs: pingMsOf(pings.get(second.atSeconds)),
    }));
  }

  /** The stages as the last pong gave them. */
  get stages(): Stages | undefined {
    const figures = this.#pings.findLast((ping) => ping.figures !== undefined)?.figures;
    return figures === undefined ? undefined : stagesOf(figures);
  }

  whole(): Sum {
    return this.#sum(this.#whole, this.#wholeCpu, () => true);
  }

  /** Null where there was no plateau. */
  plateau(): Sum | null {
    if (this.#plateauSeconds.size === 0) return null;
    const isIn = (second: number) => this.#plateauSeconds.has(second);
    return this.#sum(this.#plateau, this.#plateauCpu, isIn);
  }

  #close(): void {
    for (;;) {
      const second = this.#closed.length;
      const open = this.#open.get(second);
      if (open === undefined || Math.min(...this.#toldOf) < second) return;
      this.#open.delete(second);
      this.#closeSecond(second, open);
    }
  }

  #closeSecond(second: number, { reports }: OpenSecond): void {
    const arrivedBefore = this.#sumOfLatest("arrived");
    const own = { ack: newHistogram(), delivery: newHistogram() };
    for (const [tester, report] of reports.entries()) {
      if (report === undefined) continue;
      this.#latest[tester] = report;
      this.#count(report);
      addCounts(own.ack, report.ack);
      addCounts(own.delivery, report.delivery);
      this.#whole.add(report);
      addCpu(this.#wholeCpu[tester], report);
    }
    const isPlateau =
      second >= this.#plateauFrom &&
      arrivedBefore === this.#users &&
      this.#sumOfLatest("gone") === 0;
    if (isPlateau) {
      this.#plateauSeconds.add(second);
      for (const [tester, report] of reports.entries()) {
        if (report === undefined) continue;
        this.#plateau.add(report);
        addCpu(this.#plateauCpu[tester], report);
      }
    }
    const closed = this.#describe(second, reports, own);
    this.#closed.push(closed);
    this.#onSecond({ ...closed, ...figuresOf(this.#pings.at(-1)) });
  }

  #describe(
    second: number,
    reports: readonly (SecondReport | undefined)[],
    own: { ack: Histogram; delivery: Histogram },
  ): Second {
    const sum = (count: (report: SecondReport) => number) =>
      reports.reduce((total, report) => total + (report === undefined ? 0 : count(report)), 0);
    return {
      atSeconds: second,
      users: sum(({ connected }) => connected),
      messagesSent: sum(({ messagesSent }) => messagesSent),
      deliveries: sum(({ deliveries }) => deliveries),
      ...figuresOf(undefined),
      testerLoad: sum(({ cpuUs, wallUs }) => (wallUs > 0 ? cpuUs / wallUs : 0)),
      pingMs: null,
      ackP99Ms: percentileMs(own.ack, 99),
      deliveryP50Ms: percentileMs(own.delivery, 50),
      deliveryP99Ms: percentileMs(own.delivery, 99),
    };
  }

  #count(report: SecondReport): void {
    for (const name of Object.keys(this.totals) as (keyof Totals)[]) {
      this.totals[name] += report[name];
    }
    for (const [code, count] of Object.entries(report.errors)) {
      this.errors[code] = (this.errors[code] ?? 0) + count;
    }
  }

  #sumOfLatest(name: "arrived" | "gone"): number {
    return this.#latest.reduce((sum, report) => sum + (report?.[name] ?? 0), 0);
  }

  #sum(
    distributions: Distributions,
    cpu: readonly { cpuUs: number; wallUs: number }[],
    isIn: (second: number) => boolean,
  ): Sum {
    const ping = newHistogram();
    for (const { second, latencyUs } of this.#pings) {
      if (isIn(second)) ping.recordValue(Math.max(0, Math.min(latencyUs, 0x7fffffff)));
    }
    const seconds = this.seconds.filter(({ atSeconds }) => isIn(atSeconds));
    const mean = (value: (second: Second) => number) =>
      seconds.length === 0
        ? 0
        : seconds.reduce((sum, second) => sum + value(second), 0) / seconds.length;
    const loads = cpu.map(({ cpuUs, wallUs }) => (wallUs > 0 ? cpuUs / wallUs : 0));
    const { ack, delivery, signIn, resume, lateness } = distributions;
    return {
      latencies: {
        ping: latencyOf(ping),
        ack: latencyOf(ack),
        delivery: latencyOf(delivery),
        signIn: latencyOf(signIn),
      },
      resume: resume.totalCount > 0 ? latencyOf(resume) : null,
      latenessP99Ms: percentileMs(lateness, 99) ?? 0,
      deliveriesPerSecond: mean(({ deliveries }) => deliveries),
      serverLoad: mean(({ serverLoad }) => serverLoad),
      mostResidentBytes: Math.max(0, ...seconds.map((second) => second.serverResidentBytes)),
      testerLoad: loads.reduce((sum, load) => sum + load, 0),
      busiestTesterLoad: Math.max(0, ...loads),
    };
  }
}

function addCpu(sum: { cpuUs: number; wallUs: number } | undefined, report: SecondReport): void {
  if (sum === undefined) return;
  sum.cpuUs += report.cpuUs;
  sum.wallUs += report.wallUs;
}

function pingMsOf(ping: PingSample | undefined): number | null {
  return ping?.figures === undefined ? null : Math.round(ping.latencyUs) / 1000;
}

/** What the server measured of itself; zeros where it did not tell. */
function figuresOf(ping: PingSample | undefined) {
  const figures = ping?.figures;
  return {
    volumePerSecond: figures?.volumePerSecond ?? 0,
    serverLoad: figures?.processLoad ?? 0,
    coreLoad: figures?.coreLoad ?? [],
    serverResidentBytes: figures?.residentBytes ?? 0,
    ...(figures === undefined
      ? {}
      : {
          deliveriesSincePing: figures.deliveriesOut,
          periodMs: figures.periodMs,
          activeAccounts: figures.activeAccounts,
          loopDelayMs: figures.loopDelayMs,
        }),
  };
}
