import type { Latencies, Latency, Result, Stages } from "../result.ts";
import { slowestStage, stageNames } from "../stages.ts";
import { formatBytes, formatCores, formatCount, formatMeasure, formatMs } from "./format.ts";
import { shortCommit } from "./headline.ts";
import { html } from "./html.ts";
import type { Table } from "./table.ts";
import { percentileNames, percentiles, targetsOf } from "./targets.ts";

/** What each latency is, in the words of result.ts. */
const latencyNames: Readonly<Record<keyof Latencies, { name: string; definition: string }>> = {
  delivery: {
    name: "Delivery",
    definition:
      "A message: from when it was due to be sent until received, over all its receivers.",
  },
  ack: {
    name: "Acknowledgement",
    definition:
      "A message: from when it was due to be sent until its sender heard that it is stored.",
  },
  ping: {
    name: "Monitor’s ping",
    definition:
      "From when the ping was due to its pong, over the same path as a message. The earlier server’s tool called this latency.",
  },
  signIn: {
    name: "Sign-in",
    definition: "From when a user was due to arrive until welcomed on the socket.",
  },
};

/**
 * The four latencies, in ms, with or without saying what each is; below them that of resuming, where
 * there is one.
 */
export function latencyTable(
  caption: string,
  latencies: Latencies,
  defined: boolean,
  resume?: Latency,
): Table {
  const kinds = Object.keys(latencyNames) as (keyof Latencies)[];
  const row = (name: string, definition: string, latency: Latency) =>
    [
      defined ? html`${name}<span class="definition">${definition}</span>` : name,
      number(formatCount(latency.count)),
      ...msCells(latency),
    ] as const;
  const rows = kinds.map((kind) => {
    const { name, definition } = latencyNames[kind];
    return row(name, definition, latencies[kind]);
  });
  const resumed = "From the loss of a connection until the next one had caught up.";
  return {
    caption,
    columns: ["Latency, ms", "Measured", ...percentiles.map((one) => percentileNames[one])],
    rows: resume === undefined ? rows : [...rows, row("Resumption", resumed, resume)],
  };
}

function msCells(latency: Latency) {
  return percentiles.map((percentile) =>
    number(latency.count === 0 ? "none" : formatMeasure(latency[percentile])),
  );
}

/** What the delivery latency was held against, kept or broken. */
export function targetTable(result: Result): Table {
  return {
    caption: "Delivery latency against its targets",
    columns: ["Percentile", "At most", "Was", "Asked for with --expect", "Result"],
    rows: targetsOf(result).map(({ percentile, atMostMs, actualMs, asked, holds }) => [
      percentileNames[percentile],
      number(formatMs(atMostMs)),
      number(result.latencyMs.delivery.count === 0 ? "none" : formatMs(actualMs)),
      asked ? "yes" : "no, a standing target",
      holds ? html`<span class="good">kept</span>` : html`<span class="bad">broken</span>`,
    ]),
  };
}

/** Whether every receiver got every message once and in order. */
export function integrityTable({ integrity, totals }: Result): Table {
  const row = (name: string, definition: string, count: number) =>
    [
      html`${name}<span class="definition">${definition}</span>`,
      number(formatCount(count)),
    ] as const;
  return {
    caption: `The self-check of ${formatCount(totals.deliveries)} deliveries, by sequence number`,
    columns: ["Fault", "Deliveries"],
    rows: [
      row("Lost", "Owed to a receiver and never delivered.", integrity.lost),
      row("Doubled", "Delivered to a receiver more than once.", integrity.doubled),
      row("Reordered", "Delivered to a receiver after a later one.", integrity.reordered),
    ],
  };
}

export function errorTable({ errors }: Result): Table {
  return {
    caption: "Errors, refusals and disconnects",
    columns: ["Code", "Times"],
    rows: Object.entries(errors)
      .sort(([, one], [, other]) => other - one)
      .map(([code, times]) => [code, number(formatCount(times))]),
  };
}

export function totalsTable({ totals }: Result): Table {
  return {
    caption: "What was done",
    columns: ["What", "Count"],
    rows: [
      ["Users connected", number(formatCount(totals.usersConnected))],
      ["Sign-ins", number(formatCount(totals.signIns))],
      ["Messages sent", number(formatCount(totals.messagesSent))],
      ["Messages acknowledged", number(formatCount(totals.messagesAcknowledged))],
      ["Deliveries", number(formatCount(totals.deliveries))],
      ["Channels joined", number(formatCount(totals.joins))],
      ["Channels left", number(formatCount(totals.leaves))],
      ["Connections lost and taken up again", number(formatCount(totals.reconnects ?? 0))],
    ],
  };
}

export function loadTable(result: Result): Table {
  const { load, volume, seconds, memory } = result;
  const cores = seconds.reduce((most, { coreLoad }) => Math.max(most, coreLoad.length), 0);
  const known = seconds.filter(({ coreLoad }) => coreLoad.length > 0);
  return {
    caption: "Volume, load and memory",
    columns: ["What", "Value"],
    rows: [
      ["Deliveries per second, mean", number(formatCount(volume.plateauPerSecond))],
      ["Deliveries per second, peak", number(formatCount(volume.peakPerSecond))],
      ["Server’s process, mean", number(orNotKnown(load.serverPlateau, formatCores))],
      ...Array.from({ length: cores }, (_, core) => {
        const sum = known.reduce((total, { coreLoad }) => total + (coreLoad[core] ?? 0), 0);
        const mean = `${Math.round((sum / known.length) * 100)}%`;
        return [`Core ${core} of the server’s machine, whole run`, number(mean)] as const;
      }),
      ["Server’s memory, peak", number(orNotKnown(load.serverPeakResidentBytes, formatBytes))],
      ...(memory === undefined
        ? []
        : ([
            ["Server’s memory before anybody connected", number(formatBytes(memory.atRestBytes))],
            ["Memory for each connection", number(formatBytes(memory.perConnectionBytes))],
          ] as const)),
      ["Tester’s processes, mean", number(formatCores(load.testerPlateau))],
      ["Tester’s own lateness, p99", number(formatMs(load.testerLatenessP99Ms))],
    ],
  };
}

/** What each stage is, in the words of result.ts. */
const stageDefinitions: Readonly<Record<keyof Stages, string>> = {
  decode: "Reading a frame.",
  checks: "Budget, membership, size, and encoding the message into the open batch.",
  batchWait:
    "How long a batch’s first message waited for its hand-over: pacing, and the batch before.",
  handOver: "To the writer thread and back, the transaction aside.",
  commit: "The transaction, its sync included.",
  publish: "Handing a batch’s frames and acknowledgements to the sockets.",
  drain: "Writing them to the network.",
};

/** Where a message’s time went in the server, and which stage made the tail. */
export function stageTable(stages: Stages): Table {
  const slowest = slowestStage(stages);
  const names = Object.keys(stageNames) as (keyof Stages)[];
  return {
    caption: `The stages of a message in the server; the slowest is: ${stageNames[slowest]}`,
    columns: ["Stage, ms", "Median", "99th percentile"],
    rows: names.map((name) => [
      html`${stageNames[name]}<span class="definition">${stageDefinitions[name]}</span>`,
      number(formatMeasure(stages[name].p50)),
      number(formatMeasure(stages[name].p99)),
    ]),
  };
}

export function environmentTable({ machine, versions }: Result): Table {
  return {
    caption: "Machine and versions",
    columns: ["What", "Value"],
    rows: [
      ["Processor", `${machine.cpuModel}, ${machine.cores} cores`],
      ["Memory", formatBytes(machine.memoryBytes)],
      ["Kernel", machine.kernel],
      ["Hubbub", versions.hubbub],
      ["Commit", shortCommit(versions)],
      ["Bun", versions.bun],
    ],
  };
}

function number(text: string) {
  return { number: text };
}

/** The server's own figures arrive with the monitor's pongs: 0 means that none came. */
function orNotKnown(value: number, format: (value: number) => string): string {
  return value === 0 ? "not known" : format(value);
}
