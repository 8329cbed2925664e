import type { Counters } from "./counters.ts";
import { coreLoads, cpuTimes } from "./cpu_times.ts";
import type { LoopDelay } from "./figures.ts";
import type { FileSizes } from "./file_sizes.ts";
import { type Rows, Tier, tierSizes } from "./history.ts";
import {
  type DistributionName,
  distributionNames,
  distributionParts,
  distributionSeries,
  type Merge,
  type Moment,
  partNames,
  type ScalarName,
  scalarNames,
  scalarSeries,
} from "./series.ts";

/** Cores that are told one by one. */
const MOST_CORES = 64;
/** Codes of refusals that are told one by one; those that come after them are counted together. */
const MOST_CODES = 16;

/** What a page of history is made of: the fields of `hubbub.v1.FiguresHistory`. */
export interface HistoryPage {
  readonly stepSeconds: number;
  readonly first: number;
  readonly more: boolean;
  /** Ms since the Unix epoch. */
  readonly timeMs: number[];
  readonly scalars: Readonly<Record<ScalarName, number[]>>;
  readonly distributions: Readonly<Record<DistributionName, DistributionColumns>>;
  readonly cores: readonly number[][];
  /** By the name of the code; undefined for all together that are not told one by one. */
  readonly refusals: readonly { readonly code: string | undefined; readonly count: number[] }[];
}

type DistributionColumns = Readonly<Record<keyof typeof distributionParts, number[]>>;

interface Options {
  readonly counters: Counters;
  readonly loopDelay: LoopDelay;
  readonly files: FileSizes;
  /** A clock in ms that never goes back. */
  readonly clockMs: () => number;
  /** Wall clock, ms since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Keeps what the server says of itself over time, in memory of a fixed size. `sample` is to be
 * called once a second; `bun run bench monitor` says what that costs.
 */
export class Recorder {
  readonly #options: Options;
  readonly #cores: number;
  readonly #tiers: readonly Tier[];
  /** The sample that is being taken: scalars, distributions, cores, refusals. */
  readonly #sample: Float64Array;
  readonly #coresAt = scalarNames.length + distributionNames.length * partNames.length;
  readonly #refusalsAt: number;
  /** The names of codes, in the order of their columns. */
  readonly #codes: string[] = [];
  readonly #refusalsBefore = new Map<string, number>();
  #before: Moment;

  constructor(options: Options) {
    this.#options = options;
    this.#before = this.#moment(options.clockMs());
    this.#cores = Math.min(MOST_CORES, this.#before.cpu.cores.length);
    this.#refusalsAt = this.#coresAt + this.#cores;
    const merges = this.#merges();
    this.#sample = new Float64Array(merges.length);
    this.#tiers = tierSizes.map((size) => new Tier(size, merges));
    this.#totals = scalarNames.map((name) => scalarSeries[name].read(this.#before));
  }

  /** What each series' `read` gave at the sample before. */
  readonly #totals: number[];

  /** The memory that history takes, whatever happens. */
  get bytes(): number {
    return this.#tiers.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The number of the newest row of a step; undefined where no rows of such a step are kept. */
  newest(stepSeconds: number): number | undefined {
    return this.#tier(stepSeconds)?.newest;
  }

  sample(): void {
    const { clockMs, counters } = this.#options;
    const atMs = clockMs();
    const coversMs = atMs - this.#before.atMs;
    if (coversMs <= 0) return;
    const moment = this.#moment(atMs);
    this.#takeScalars(moment, coversMs / 1000);
    let at = scalarNames.length;
    for (const name of distributionNames) {
      const { mean, p50, p99 } = distributionSeries[name](counters).takePeriod();
      this.#sample[at++] = mean;
      this.#sample[at++] = p50;
      this.#sample[at++] = p99;
    }
    const loads = coreLoads(this.#before.cpu, moment.cpu);
    for (let core = 0; core < this.#cores; core++) {
      this.#sample[this.#coresAt + core] = loads[core] ?? Number.NaN;
    }
    this.#takeRefusals();
    this.#before = moment;
    for (const tier of this.#tiers) tier.add(atMs, coversMs, this.#sample);
  }

  /** Some rows of a step that is kept, after number `after`. */
  page(stepSeconds: number, after: number, limit: number): HistoryPage {
    const tier = this.#tier(stepSeconds);
    if (tier === undefined) throw new Error(`monitor/recorder: no step of ${stepSeconds} s`);
    const rows = tier.rows(after, limit);
    const { clockMs, now } = this.#options;
    const epochMs = now() - clockMs();
    return {
      stepSeconds,
      first: rows.first,
      more: rows.more,
      timeMs: rows.timesMs().map((timeMs) => Math.round(timeMs + epochMs)),
      scalars: Object.fromEntries(
        scalarNames.map((name, index) => [name, rows.column(index)]),
      ) as HistoryPage["scalars"],
      distributions: Object.fromEntries(
        distributionNames.map((name, index) => [name, distributionColumns(rows, index)]),
      ) as HistoryPage["distributions"],
      cores: Array.from({ length: this.#cores }, (_, core) => rows.column(this.#coresAt + core)),
      refusals: this.#refusalColumns(rows),
    };
  }

  #tier(stepSeconds: number): Tier | undefined {
    return this.#tiers.find((tier) => tier.stepSeconds === stepSeconds);
  }

  #merges(): Merge[] {
    return [
      ...scalarNames.map((name) => scalarSeries[name].merge),
      ...distributionNames.flatMap(() => partNames.map((part) => distributionParts[part])),
      ...Array<Merge>(this.#cores).fill("mean"),
      ...Array<Merge>(MOST_CODES + 1).fill("sum"),
    ];
  }

  #moment(atMs: number): Moment {
    const { counters, loopDelay, files } = this.#options;
    return {
      atMs,
      counters,
      cpu: cpuTimes(),
      hasherCpuMs: counters.hasherCpuMs(),
      residentBytes: process.memoryUsage.rss(),
      files: files.newest,
      loopDelayMs: loopDelay.worstP99Ms(this.#before?.atMs ?? atMs),
    };
  }

  #takeScalars(moment: Moment, seconds: number): void {
    for (let index = 0; index < scalarNames.length; index++) {
      const { isTotal, read } = scalarSeries[scalarNames[index] as ScalarName];
      const value = read(moment);
      // A hasher that was started again begins at 0.
      const grown = Math.max(0, value - (this.#totals[index] as number));
      this.#sample[index] = isTotal ? grown / seconds : value;
      this.#totals[index] = value;
    }
  }

  #takeRefusals(): void {
    this.#sample.fill(0, this.#refusalsAt);
    for (const [code, total] of this.#options.counters.refusals) {
      const grown = total - (this.#refusalsBefore.get(code) ?? 0);
      if (grown === 0) continue;
      this.#refusalsBefore.set(code, total);
      const column = this.#refusalsAt + this.#columnOf(code);
      this.#sample[column] = (this.#sample[column] as number) + grown;
    }
  }

  #columnOf(code: string): number {
    const known = this.#codes.indexOf(code);
    if (known >= 0) return known;
    if (this.#codes.length === MOST_CODES) return MOST_CODES;
    return this.#codes.push(code) - 1;
  }

  #refusalColumns(rows: Rows): HistoryPage["refusals"] {
    const isMore = this.#refusalsBefore.size > this.#codes.length;
    const codes = isMore ? [...this.#codes, undefined] : this.#codes;
    return codes.map((code, index) => ({ code, count: rows.column(this.#refusalsAt + index) }));
  }
}

function distributionColumns(rows: Rows, index: number): DistributionColumns {
  const [mean, p50, p99] = [0, 1, 2].map((part) =>
    rows.column(scalarNames.length + index * partNames.length + part),
  ) as [number[], number[], number[]];
  return { mean, p50, p99 };
}
