import type { Counters } from "./counters.ts";
import type { CpuTimes } from "./cpu_times.ts";
import type { Distribution } from "./distribution.ts";
import type { FileBytes } from "./file_sizes.ts";

/**
 * How the samples of a coarser row become one value: their mean, weighted by the time that each
 * covers; the largest; the sum. A sample that is NaN does not count.
 */
export type Merge = "mean" | "max" | "sum";

/** What the server says of itself at one moment. */
export interface Moment {
  readonly atMs: number;
  readonly counters: Counters;
  readonly cpu: CpuTimes;
  readonly hasherCpuMs: number;
  readonly residentBytes: number;
  readonly files: FileBytes;
  /** The 99th percentile of the worst second since the sample before. */
  readonly loopDelayMs: number;
}

interface Series {
  readonly merge: Merge;
  /** Whether `read` gives what has come together since the start: its growth a second is told. */
  readonly isTotal: boolean;
  read(moment: Moment): number;
}

/**
 * What is kept over time, one value a sample. The names are the fields of
 * `hubbub.v1.FiguresHistory`, whose comments give the units.
 */
export const scalarSeries = {
  messagesPerSecond: growth(({ counters }) => counters.messagesIn),
  deliveriesPerSecond: growth(({ counters }) => counters.deliveriesOut),
  batchesPerSecond: growth(({ counters }) => counters.batches),
  connectionsOpenedPerSecond: growth(({ counters }) => counters.connectionsOpened),
  hashesPerSecond: growth(({ counters }) => counters.hashes),
  // A second of CPU time a second is one core.
  mainThreadLoad: growth(({ cpu }) => cpu.mainThreadMs / 1000),
  processLoad: growth(({ cpu }) => cpu.processMs / 1000),
  hasherLoad: growth(({ hasherCpuMs }) => hasherCpuMs / 1000),
  residentBytes: highest(({ residentBytes }) => residentBytes),
  databaseBytes: highest(({ files }) => files.databaseBytes),
  walBytes: highest(({ files }) => files.walBytes),
  loopDelayMs: highest(({ loopDelayMs }) => loopDelayMs),
  activeAccounts: highest(({ counters }) => counters.activeAccounts),
  connections: highest(({ counters }) => counters.connections),
  signInsWaiting: highest(({ counters }) => counters.signInsWaiting),
  signInWaitMs: highest(({ counters }) => counters.signInWaitNowMs()),
} as const satisfies Readonly<Record<string, Series>>;

/** Distributions that are kept over time: for each sample the mean, the median and the 99th percentile. */
export const distributionSeries = {
  batchMessages: (counters) => counters.batchMessages,
  pathMs: (counters) => counters.pathMs,
  decodeMs: (counters) => counters.decodeMs,
  checksMs: (counters) => counters.checksMs,
  batchWaitMs: (counters) => counters.batchWaitMs,
  handOverMs: (counters) => counters.handOverMs,
  commitMs: (counters) => counters.commitMs,
  publishMs: (counters) => counters.publishMs,
  drainMs: (counters) => counters.drainMs,
} as const satisfies Readonly<Record<string, (counters: Counters) => Distribution>>;

/** What is kept of each distribution, and how it is merged. */
export const distributionParts = {
  mean: "mean",
  p50: "mean",
  p99: "max",
} as const satisfies Record<string, Merge>;

export type ScalarName = keyof typeof scalarSeries;
export type DistributionName = keyof typeof distributionSeries;

export const scalarNames = Object.keys(scalarSeries) as readonly ScalarName[];
export const distributionNames = Object.keys(distributionSeries) as readonly DistributionName[];
export const partNames = Object.keys(
  distributionParts,
) as readonly (keyof typeof distributionParts)[];

function growth(read: (moment: Moment) => number): Series {
  return { merge: "mean", isTotal: true, read };
}

function highest(read: (moment: Moment) => number): Series {
  return { merge: "max", isTotal: false, read };
}
