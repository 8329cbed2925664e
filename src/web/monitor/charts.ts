import type { ColumnKey } from "./columns.ts";
import type { Unit } from "./format.ts";

export interface Line {
  readonly key: ColumnKey | "ping";
  readonly label: string;
}

/** What a value should stay within. */
export interface Target {
  readonly atMost: number;
  /** The line that it is for. */
  readonly of: ColumnKey | "ping";
  /** What it is for, as it stands in a sentence: "The commit to disk". */
  readonly subject: string;
  /** Where it comes from, for people. */
  readonly source: string;
}

export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  /** For durations from microseconds to seconds, of which the small ones should be seen too. */
  readonly isLogarithmic?: boolean;
  readonly lines: readonly Line[];
  /** Lines of which there are as many as the server tells of. */
  readonly linesOf?: { readonly prefix: "core." | "refused."; label(rest: string): string };
  readonly targets?: readonly Target[];
  readonly note: string;
}

/** The stages of a message's life in order; those from `batchWaitMs` on add up to `pathMs`. */
export const stages = [
  { key: "decodeMs", name: "reading the frame" },
  { key: "checksMs", name: "checking it and encoding the message" },
  { key: "batchWaitMs", name: "waiting for the batch before" },
  { key: "handOverMs", name: "the hand-over to the writer thread and back" },
  { key: "commitMs", name: "the commit to disk" },
  { key: "publishMs", name: "handing the frames to the sockets" },
  { key: "drainMs", name: "writing them to the network" },
] as const;

const LOAD_TEST = "docs/LOADTEST.md: nine of ten deliveries within 200 ms";

/** Every chart of the page, and every target. */
export const charts: readonly Chart[] = [
  {
    id: "latency",
    title: "Latency",
    unit: "ms",
    isLogarithmic: true,
    lines: [
      { key: "ping", label: "this page's ping" },
      { key: "pathMs.p50", label: "in the server, p50" },
      { key: "pathMs.p99", label: "in the server, p99" },
    ],
    targets: [
      {
        atMost: 200,
        of: "pathMs.p99",
        subject: "A message's way through the server (p99)",
        source: LOAD_TEST,
      },
      { atMost: 200, of: "ping", subject: "This page's ping", source: LOAD_TEST },
    ],
    note: "A ping goes the whole way of a message, and there and back. In the server: from its coming until all receivers' frames are written.",
  },
  {
    id: "in",
    title: "Messages in",
    unit: "per second",
    lines: [{ key: "messagesPerSecond", label: "messages kept" }],
    note: "Messages that were committed.",
  },
  {
    id: "out",
    title: "Deliveries out",
    unit: "per second",
    lines: [{ key: "deliveriesPerSecond", label: "deliveries" }],
    note: "A message to ten receivers counts ten.",
  },
  {
    id: "cpu",
    title: "Processor by process",
    unit: "cores",
    lines: [
      { key: "mainThreadLoad", label: "main thread" },
      { key: "processLoad", label: "server, all threads" },
      { key: "hasherLoad", label: "password hashers" },
    ],
    targets: [
      {
        atMost: 0.8,
        of: "mainThreadLoad",
        subject: "The main thread's load",
        source: "this page: beyond it there is no room for a burst",
      },
    ],
    note: "In cores. One thread carries all messages; hashers take only what nobody else wants.",
  },
  {
    id: "cores",
    title: "Processor by core",
    unit: "cores",
    lines: [],
    linesOf: { prefix: "core.", label: (core) => `core ${core}` },
    note: "The whole machine, other programs included.",
  },
  {
    id: "loop",
    title: "Event-loop delay",
    unit: "ms",
    isLogarithmic: true,
    lines: [{ key: "loopDelayMs", label: "p99 of the worst second" }],
    targets: [
      {
        atMost: 20,
        of: "loopDelayMs",
        subject: "The event loop's delay",
        source: "docs/PERFORMANCE.md, In short",
      },
    ],
    note: "How late the main thread comes to what is due.",
  },
  {
    id: "stages",
    title: "Stages of a message",
    unit: "ms",
    isLogarithmic: true,
    lines: [
      { key: "decodeMs.mean", label: "read" },
      { key: "checksMs.mean", label: "check" },
      { key: "batchWaitMs.mean", label: "wait for batch" },
      { key: "handOverMs.mean", label: "hand over" },
      { key: "commitMs.mean", label: "commit" },
      { key: "publishMs.mean", label: "publish" },
      { key: "drainMs.mean", label: "write out" },
    ],
    note: "Means. Reading and checking are of one message, the others of a batch.",
  },
  {
    id: "commit",
    title: "Commit to disk",
    unit: "ms",
    isLogarithmic: true,
    lines: [
      { key: "commitMs.p50", label: "p50" },
      { key: "commitMs.p99", label: "p99" },
    ],
    targets: [
      {
        atMost: 20,
        of: "commitMs.p99",
        subject: "The commit to disk (p99)",
        source: "this page: a slower disk is what people would wait for",
      },
    ],
    note: "The transaction of a batch, with its sync.",
  },
  {
    id: "batch",
    title: "Batch size",
    unit: "messages",
    lines: [
      { key: "batchMessages.mean", label: "mean" },
      { key: "batchMessages.p99", label: "p99" },
    ],
    note: "Messages and pings that are committed together.",
  },
  {
    id: "people",
    title: "People",
    unit: "people",
    lines: [
      { key: "activeAccounts", label: "accounts" },
      { key: "connections", label: "connections" },
    ],
    note: "Accounts with a connection, and connections.",
  },
  {
    id: "queue",
    title: "Sign-in queue",
    unit: "sign-ins",
    lines: [
      { key: "signInsWaiting", label: "waiting" },
      { key: "hashesPerSecond", label: "passwords hashed a second" },
    ],
    note: "Who waits to have a password checked.",
  },
  {
    id: "wait",
    title: "Wait of a sign-in",
    unit: "ms",
    lines: [{ key: "signInWaitMs", label: "expected now" }],
    targets: [
      {
        atMost: 10_000,
        of: "signInWaitMs",
        subject: "The wait of a sign-in",
        source: "the server's own limit: past it, sign-ins are told to come back",
      },
    ],
    note: "What somebody who came now would wait.",
  },
  {
    id: "memory",
    title: "Memory",
    unit: "bytes",
    lines: [{ key: "residentBytes", label: "resident" }],
    note: "Of the server's process.",
  },
  {
    id: "file",
    title: "Database",
    unit: "bytes",
    lines: [
      { key: "databaseBytes", label: "file" },
      { key: "walBytes", label: "WAL" },
    ],
    note: "The file, and its write-ahead log.",
  },
  {
    id: "refusals",
    title: "Refusals by code",
    unit: "per second",
    lines: [],
    linesOf: {
      prefix: "refused.",
      label: (code) => (code === "UNSPECIFIED" ? "other codes" : code),
    },
    note: "Commands, sign-ins and connections that were refused.",
  },
];

export const allTargets: readonly (Target & { readonly unit: Unit })[] = charts.flatMap(
  ({ targets = [], unit }) => targets.map((target) => ({ ...target, unit })),
);
