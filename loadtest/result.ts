/**
 * `result.json`: everything that a load-test run found out. Field names are kept across versions;
 * units stand last in the names. Written once at the end of a run, read by `report` and `compare`.
 */

/** A latency distribution, in ms. */
export interface Latency {
  /** How many measurements there are. */
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** The four latencies. Each is counted from when the action was due, not from when it was begun. */
export interface Latencies {
  /** The monitor's ping: due to pong. What the earlier server's tool called latency. */
  readonly ping: Latency;
  /** A message: due to its acknowledgement at the sender. */
  readonly ack: Latency;
  /** A message: due to received, over all its receivers. */
  readonly delivery: Latency;
  /** A sign-in: due to the welcome on the socket. */
  readonly signIn: Latency;
}

/** What the self-check found, receiver by receiver, by sequence number. All 0 in a good run. */
export interface Integrity {
  /** Owed to a receiver and never delivered. */
  readonly lost: number;
  /** Delivered to a receiver more than once. */
  readonly doubled: number;
  /** Delivered to a receiver after a later one. */
  readonly reordered: number;
  /** The first few findings in words: receiver, channel, numbers. */
  readonly examples: readonly string[];
}

/** One second of the run. */
export interface Second {
  /** Seconds since the beginning of the run. */
  readonly atSeconds: number;
  /** Users connected. */
  readonly users: number;
  readonly messagesSent: number;
  /** Messages received, over all receivers. */
  readonly deliveries: number;
  /** Deliveries per second as the server counts them, smoothed by the moving average. */
  readonly volumePerSecond: number;
  /** Load of the server's process, in cores. */
  readonly serverLoad: number;
  /** Load of each core of the server's machine, 0 to 1. */
  readonly coreLoad: readonly number[];
  readonly serverResidentBytes: number;
  /** Deliveries since the monitor's last ping, and how long that was ago. Absent without a pong. */
  readonly deliveriesSincePing?: number;
  readonly periodMs?: number;
  /** Accounts with a connection, as the server counts them. */
  readonly activeAccounts?: number;
  /** The server's event-loop delay, 99th percentile. */
  readonly loopDelayMs?: number;
  /** Load of the tester's processes, in cores. */
  readonly testerLoad: number;
  /** The monitor's ping in this second; null where none came back. */
  readonly pingMs: number | null;
  readonly ackP99Ms: number | null;
  readonly deliveryP50Ms: number | null;
  readonly deliveryP99Ms: number | null;
}

/** A stage of a message's life in the server: medians and 99th percentiles since its start, in ms. */
export interface Stage {
  readonly p50: number;
  readonly p99: number;
}

/** The stages in their order. Decode and checks are of one message, the others of a batch. */
export interface Stages {
  /** Reading the frame. */
  readonly decode: Stage;
  /** Budget, membership, size, and encoding it into the open batch. */
  readonly checks: Stage;
  /** How long a batch's first message waited for its hand-over. */
  readonly batchWait: Stage;
  /** To the writer thread and back, the transaction aside. */
  readonly handOver: Stage;
  /** The transaction, its sync included. */
  readonly commit: Stage;
  /** Handing the frames and acknowledgements to the sockets. */
  readonly publish: Stage;
  /** Writing them to the network. */
  readonly drain: Stage;
}

/** What was asked for, all defaults filled in. */
export interface Parameters {
  readonly profile: string;
  readonly users: number;
  readonly actions: number;
  readonly connectEverySeconds: number;
  readonly startAfterSeconds: number;
  readonly betweenSeconds: number;
  /** Per cent of actions: send, join another channel, leave one. */
  readonly mix: { readonly send: number; readonly join: number; readonly leave: number };
  readonly channels: number;
  /** Words of a message: at least, at most. */
  readonly bodyWords: { readonly min: number; readonly max: number };
  readonly encoding: "protobuf" | "json";
  readonly holdUntilConnected: boolean;
  readonly signIn: "password" | "token";
  readonly seed: number;
  /** Waits were divided by this. 1 is the real workload. */
  readonly timeScale: number;
  /** Messages that one user sends in a second, after the time scale. */
  readonly messagesPerUserSecond: number;
  readonly serverCpu: number | null;
  readonly testerCpu: number | null;
  /** Null where the tester ran its own server. */
  readonly url: string | null;
  /** Settings of its own server, by their flags; absent in results of earlier versions. */
  readonly serverSettings?: Readonly<Record<string, string>>;
}

/** An expectation such as `p99<=1000`, on the delivery latency. */
export interface Expectation {
  readonly percentile: "p50" | "p90" | "p95" | "p99" | "p999" | "max";
  readonly atMostMs: number;
  readonly actualMs: number;
  readonly holds: boolean;
}

/** `tester-bound`: the tester was the bottleneck, so its figures say nothing about the server. */
export type Verdict = "passed" | "failed" | "tester-bound" | "interrupted";

export interface Result {
  /** Of this format. */
  readonly formatVersion: 1;
  readonly startedAt: string;
  readonly durationSeconds: number;
  readonly parameters: Parameters;
  readonly machine: {
    readonly cpuModel: string;
    readonly cores: number;
    readonly memoryBytes: number;
    readonly kernel: string;
  };
  readonly versions: {
    readonly hubbub: string;
    readonly bun: string;
    /** Empty where it is not known. */
    readonly gitCommit: string;
    /** There were changes that are in no commit. */
    readonly gitDirty: boolean;
  };
  readonly verdict: Verdict;
  /** One sentence that says why. */
  readonly because: string;
  readonly latencyMs: Latencies;
  /** The same over the plateau alone: all users connected, none gone. Null where there was none. */
  readonly plateauLatencyMs: Latencies | null;
  readonly integrity: Integrity;
  readonly totals: {
    readonly usersConnected: number;
    readonly messagesSent: number;
    readonly messagesAcknowledged: number;
    readonly deliveries: number;
    readonly joins: number;
    readonly leaves: number;
    readonly signIns: number;
    /** Connections that were lost, or cut off on purpose, and taken up again. */
    readonly reconnects?: number;
  };
  /** From the loss of a connection to its resumption. Absent where none was lost. */
  readonly resumeMs?: Latency;
  /** The server's resident memory before anybody connected and on the plateau: profile `idle`. */
  readonly memory?: {
    readonly atRestBytes: number;
    readonly connectedBytes: number;
    readonly perConnectionBytes: number;
  };
  /** Highest of the seconds, and mean over the plateau (or over the run where there was none). */
  readonly volume: { readonly peakPerSecond: number; readonly plateauPerSecond: number };
  readonly load: {
    /** In cores, over the plateau. */
    readonly serverPlateau: number;
    readonly testerPlateau: number;
    readonly serverPeakResidentBytes: number;
    /** How late the tester's own clock ran, 99th percentile. */
    readonly testerLatenessP99Ms: number;
  };
  /** Absent where the server did not tell. */
  readonly stagesMs?: Stages;
  /** Errors, refusals and disconnects, by code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly expectations: readonly Expectation[];
  readonly seconds: readonly Second[];
}
