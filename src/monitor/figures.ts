import { cpus } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Counters, Distribution } from "./counters.ts";

/** The moving average of the volume covers about this many pings. */
const EMA_WINDOW = 3;

/** The event loop's delay is sampled by a timer of this many ms. */
const LOOP_SAMPLE_MS = 10;
/** The delay is summed up for each second, and so many of them are remembered. */
const REMEMBERED_SECONDS = 60;

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
  #last: Snapshot;
  #volumePerSecond: number | undefined;

  constructor(counters: Counters, loopDelay: LoopDelay) {
    this.#counters = counters;
    this.#loopDelay = loopDelay;
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
      coreLoad: current.cores.map((core, index) => loadBetween(last.cores[index], core)),
      processLoad: (current.processCpuMs - last.processCpuMs) / periodMs,
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
      slowCommitsMs: current.slowCommitsMs - last.slowCommitsMs,
    };
  }
}

interface CoreTimes {
  readonly busyMs: number;
  readonly totalMs: number;
}

interface Snapshot {
  readonly atMs: number;
  readonly cores: readonly CoreTimes[];
  readonly processCpuMs: number;
  readonly messagesIn: number;
  readonly deliveriesOut: number;
  readonly slowCommitsMs: number;
}

function snapshot({ messagesIn, deliveriesOut, slowCommitsMs }: Counters): Snapshot {
  const { user, system } = process.cpuUsage();
  return {
    atMs: performance.now(),
    cores: cpus().map(({ times }) => {
      const totalMs = times.user + times.nice + times.sys + times.idle + times.irq;
      return { busyMs: totalMs - times.idle, totalMs };
    }),
    processCpuMs: (user + system) / 1000,
    messagesIn,
    deliveriesOut,
    slowCommitsMs,
  };
}

function loadBetween(before: CoreTimes | undefined, after: CoreTimes): number {
  const totalMs = after.totalMs - (before?.totalMs ?? 0);
  return totalMs <= 0 ? 0 : (after.busyMs - (before?.busyMs ?? 0)) / totalMs;
}

function summarize(distribution: Distribution): Summary {
  return { p50: distribution.percentile(50), p99: distribution.percentile(99) };
}
