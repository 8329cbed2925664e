import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Counters } from "./counters.ts";
import { type CpuTimes, coreLoads, cpuTimes } from "./cpu_times.ts";
import type { Distribution } from "./distribution.ts";
import type { FileSizes } from "./file_sizes.ts";

/** The moving average of the volume covers about this many pings. */
const EMA_WINDOW = 3;

/** The event loop's delay is sampled by a timer of this many ms. */
const LOOP_SAMPLE_MS = 10;
/** The delay is summed up for each second, and so many of them are remembered. */
export const REMEMBERED_SECONDS = 60;

/** Watches the event loop. One instance a server, started at its start. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  readonly #seconds: { readonly endedMs: number; readonly p99Ms: number }[] = [];
  readonly #timer: Timer;

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#sumUp(), 1000);
    this.#timer.unref();
  }

  /**
   * The 99th percentile, in ms, of the worst second since then: how late the samples came.
   *
   * @param sinceMs of `performance.now()`.
   */
  worstP99Ms(sinceMs: number): number {
    const seconds = this.#seconds.filter(({ endedMs }) => endedMs > sinceMs);
    return Math.max(0, ...seconds.map(({ p99Ms }) => p99Ms));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #sumUp(): void {
    const p99Ms = this.#histogram.percentile(99) / 1e6;
    this.#seconds.push({ endedMs: performance.now(), p99Ms });
    this.#histogram.reset();
    if (this.#seconds.length > REMEMBERED_SECONDS) this.#seconds.shift();
  }
}

/** What a monitor is told; the fields and units are those of `hubbub.v1.Figures`. */
export interface Reading {
  readonly periodMs: number;
  readonly coreLoad: number[];
  readonly processLoad: number;
  readonly residentBytes: number;
  readonly messagesIn: number;
  readonly deliveriesOut: number;
  readonly volumePerSecond: number;
  readonly loopDelayMs: number;
  readonly activeAccounts: number;
  readonly connections: number;
  readonly batchMessages: Summary;
  readonly decodeMs: Summary;
  readonly checksMs: Summary;
  readonly batchWaitMs: Summary;
  readonly handOverMs: Summary;
  readonly commitMs: Summary;
  readonly publishMs: Summary;
  readonly drainMs: Summary;
  readonly pathMs: Summary;
  readonly mainThreadLoad: number;
  readonly hasherLoad: number;
  readonly signInsWaiting: number;
  readonly signInWaitMs: number;
  /** By the names of the codes. */
  readonly refusals: readonly { readonly code: string; readonly count: number }[];
  readonly databaseBytes: number;
  readonly walBytes: number;
  readonly slowCommitsMs: number;
}

interface Summary {
  readonly p50: number;
  readonly p99: number;
}

/** Measures the server for one monitor: counts go from one reading to the next. */
export class Readings {
  readonly #counters: Counters;
  readonly #loopDelay: LoopDelay;
  readonly #files: FileSizes;
  #last: Snapshot;
  #volumePerSecond: number | undefined;

  constructor(counters: Counters, loopDelay: LoopDelay, files: FileSizes) {
    this.#counters = counters;
    this.#loopDelay = loopDelay;
    this.#files = files;
    this.#last = snapshot(counters);
  }

  /** The measurements since the reading before, or since this object was made. */
  next(): Reading {
    const counters = this.#counters;
    const last = this.#last;
    const current = snapshot(counters);
    this.#last = current;
    const periodMs = Math.max(1, current.atMs - last.atMs);
    const deliveriesOut = current.deliveriesOut - last.deliveriesOut;
    const perSecond = (deliveriesOut * 1000) / periodMs;
    const alpha = 2 / (EMA_WINDOW + 1);
    const before = this.#volumePerSecond ?? perSecond;
    this.#volumePerSecond = alpha * perSecond + (1 - alpha) * before;
    return {
      periodMs,
      coreLoad: coreLoads(last.cpu, current.cpu),
      processLoad: (current.cpu.processMs - last.cpu.processMs) / periodMs,
      residentBytes: process.memoryUsage.rss(),
      messagesIn: current.messagesIn - last.messagesIn,
      deliveriesOut,
      volumePerSecond: this.#volumePerSecond,
      loopDelayMs: this.#loopDelay.worstP99Ms(last.atMs),
      activeAccounts: counters.activeAccounts,
      connections: counters.connections,
      batchMessages: summarize(counters.batchMessages),
      decodeMs: summarize(counters.decodeMs),
      checksMs: summarize(counters.checksMs),
      batchWaitMs: summarize(counters.batchWaitMs),
      handOverMs: summarize(counters.handOverMs),
      commitMs: summarize(counters.commitMs),
      publishMs: summarize(counters.publishMs),
      drainMs: summarize(counters.drainMs),
      pathMs: summarize(counters.pathMs),
      mainThreadLoad: (current.cpu.mainThreadMs - last.cpu.mainThreadMs) / periodMs,
      // A hasher that was started again begins at 0.
      hasherLoad: Math.max(0, current.hasherCpuMs - last.hasherCpuMs) / periodMs,
      signInsWaiting: counters.signInsWaiting,
      signInWaitMs: counters.signInWaitNowMs(),
      refusals: [...current.refusals]
        .map(([code, count]) => ({ code, count: count - (last.refusals.get(code) ?? 0) }))
        .filter(({ count }) => count > 0),
      ...this.#files.newest,
      slowCommitsMs: current.slowCommitsMs - last.slowCommitsMs,
    };
  }
}

interface Snapshot {
  readonly atMs: number;
  readonly cpu: CpuTimes;
  readonly hasherCpuMs: number;
  readonly messagesIn: number;
  readonly deliveriesOut: number;
  readonly slowCommitsMs: number;
  readonly refusals: ReadonlyMap<string, number>;
}

function snapshot(counters: Counters): Snapshot {
  const { messagesIn, deliveriesOut, slowCommitsMs, refusals, hasherCpuMs } = counters;
  return {
    atMs: performance.now(),
    cpu: cpuTimes(),
    hasherCpuMs: hasherCpuMs(),
    messagesIn,
    deliveriesOut,
    slowCommitsMs,
    refusals: new Map(refusals),
  };
}

function summarize(distribution: Distribution): Summary {
  return { p50: distribution.percentile(50), p99: distribution.percentile(99) };
}
