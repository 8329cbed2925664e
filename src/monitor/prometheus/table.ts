import type { Counters } from "../counters.ts";
import type { Distribution } from "../distribution.ts";
import type { Scene } from "./scene.ts";

/** A value with the label that tells it from the others of its metric. */
export type Labelled = readonly [label: string, value: number];

/** A metric of one value, or of some that one label tells apart. NaN: there is no value now. */
interface Metric {
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly label?: string;
  /** Only without a label. */
  readonly read?: (scene: Scene) => number;
  /** Only with one. The labels are of a bounded number. */
  readonly readEach?: (scene: Scene) => readonly Labelled[];
}

/**
 * Every counter and gauge of `/metrics`, named by the conventions of Prometheus
 * (https://prometheus.io/docs/practices/naming/): base units, `_total` for what only grows.
 */
export const metrics: Readonly<Record<string, Metric>> = {
  hubbub_connections: gauge("Open connections.", ({ counters }) => counters.connections),
  hubbub_connections_limit: gauge(
    "Connections that may be open at once.",
    ({ connectionLimit }) => connectionLimit,
  ),
  hubbub_connections_opened_total: counter(
    "Connections opened.",
    ({ counters }) => counters.connectionsOpened,
  ),
  hubbub_connections_closed_total: {
    kind: "counter",
    help: "Connections closed, by close code: 4000 read too slowly, 1006 ended without a word.",
    label: "code",
    readEach: ({ counters, closeCodes }) => closesOf(counters, closeCodes),
  },
  hubbub_accounts_active: gauge(
    "Accounts with at least one open connection.",
    ({ counters }) => counters.activeAccounts,
  ),
  hubbub_arrivals_waiting: gauge("Requests that wait to be let in.", ({ arrivalsWaiting }) =>
    arrivalsWaiting(),
  ),
  hubbub_messages_total: counter("Messages committed.", ({ counters }) => counters.messagesIn),
  hubbub_messages_repeated_total: counter(
    "Messages sent again that had been kept already.",
    ({ counters }) => counters.duplicates,
  ),
  hubbub_messages_removed_total: counter(
    "Old messages removed because of a limit on what is kept.",
    ({ counters }) => counters.messagesTrimmed,
  ),
  hubbub_deliveries_total: counter(
    "Messages handed to sockets: one to ten receivers counts ten.",
    ({ counters }) => counters.deliveriesOut,
  ),
  hubbub_batches_total: counter("Batches committed.", ({ counters }) => counters.batches),
  hubbub_batches_failed_total: counter(
    "Batches that the disk refused.",
    ({ counters }) => counters.batchesFailed,
  ),
  hubbub_slow_commits_seconds_total: counter(
    "Time in commits of 50 ms and more, in which the disk stood still.",
    ({ counters }) => counters.slowCommitsMs / 1000,
  ),
  hubbub_refusals_total: {
    kind: "counter",
    help: "Refused commands, requests and connections, by error code.",
    label: "code",
    readEach: ({ counters, codes }) => refusalsOf(counters, codes),
  },
  hubbub_presence_frames_total: counter(
    "Pictures of who is online or typing, each for all who watch a channel.",
    ({ counters }) => counters.presenceFrames,
  ),
  hubbub_presence_deliveries_total: counter(
    "Those pictures handed to sockets: one to ten watchers counts ten.",
    ({ counters }) => counters.presenceDeliveriesOut,
  ),
  hubbub_presence_frames_dropped_total: counter(
    "Pictures left out because messages needed the time.",
    ({ counters }) => counters.presenceFramesDropped,
  ),
  hubbub_password_hashes_total: counter(
    "Passwords hashed or checked.",
    ({ counters }) => counters.hashes,
  ),
  hubbub_sign_ins_waiting: gauge(
    "Sign-ins that wait for a hasher.",
    ({ counters }) => counters.signInsWaiting,
  ),
  hubbub_sign_in_expected_wait_seconds: gauge(
    "How long a sign-in that comes now would wait.",
    ({ counters }) => counters.signInWaitNowMs() / 1000,
  ),
  hubbub_sign_ins_abandoned_total: counter(
    "Sign-ins whose client hung up while they waited.",
    ({ counters }) => counters.signInsAbandoned,
  ),
  hubbub_cpu_seconds_total: {
    kind: "counter",
    help: "CPU time by process: the server with all its threads, and those that hash passwords.",
    label: "process",
    readEach: ({ cpuSeconds, counters }) => [
      ["server", cpuSeconds],
      ["hasher", counters.hasherCpuMs() / 1000],
    ],
  },
  hubbub_main_thread_cpu_seconds_total: counter(
    "CPU time of the thread that carries messages: it has one core at the most.",
    ({ mainThreadSeconds }) => mainThreadSeconds,
  ),
  hubbub_event_loop_delay_seconds: gauge(
    "99th percentile of the event loop's delay in its worst second of the last minute.",
    ({ loopDelayMs }) => loopDelayMs() / 1000,
  ),
  hubbub_store_writable: gauge("1, or 0 while the disk refuses writes.", ({ isDiskWritable }) =>
    isDiskWritable() ? 1 : 0,
  ),
  hubbub_database_bytes: gauge("Size of the database.", ({ files }) => files().databaseBytes),
  hubbub_wal_bytes: gauge("Size of the database's WAL.", ({ files }) => files().walBytes),
  hubbub_disk_free_bytes: gauge(
    "Room on the file system of the database.",
    ({ disk }) => disk().freeBytes,
  ),
  hubbub_disk_size_bytes: gauge(
    "Size of the file system of the database.",
    ({ disk }) => disk().totalBytes,
  ),
  hubbub_backups_total: counter(
    "Backups that the server made by its plan.",
    ({ counters }) => counters.backups,
  ),
  hubbub_backups_failed_total: counter(
    "Backups of the plan that failed.",
    ({ counters }) => counters.backupsFailed,
  ),
  hubbub_backup_interval_seconds: gauge(
    "Time between two backups of the plan; nothing without a plan.",
    ({ backupEveryMs }) => (backupEveryMs ?? Number.NaN) / 1000,
  ),
  hubbub_backup_newest_timestamp_seconds: gauge(
    "When the newest backup of the plan was made; 0 while there is none.",
    ({ counters }) => counters.newestBackupMs / 1000,
  ),
  hubbub_backup_newest_bytes: gauge(
    "Size of the newest backup of the plan.",
    ({ counters }) => counters.newestBackupBytes,
  ),
  hubbub_backup_newest_duration_seconds: gauge(
    "How long it took; 0 where this run of the server did not make it.",
    ({ counters }) => counters.newestBackupTookMs / 1000,
  ),
  // What every Prometheus knows of a process goes by its usual names.
  process_cpu_seconds_total: counter("CPU time of the server.", ({ cpuSeconds }) => cpuSeconds),
  process_resident_memory_bytes: gauge(
    "Resident memory of the server.",
    ({ residentBytes }) => residentBytes,
  ),
  process_start_time_seconds: gauge(
    "When the server was started.",
    ({ startedSeconds }) => startedSeconds,
  ),
  process_max_fds: gauge("Files it may have open.", ({ openFilesLimit }) => openFilesLimit),
};

interface HistogramMetric {
  readonly help: string;
  readonly label?: string;
  /** The bounds of its buckets are the powers of two between these exponents, in microseconds. */
  readonly exponents: readonly [first: number, last: number];
  readonly of: (counters: Counters) => readonly (readonly [label: string, Distribution])[];
}

/** Every histogram of `/metrics`; what it counts is in ms where it comes from. */
export const histograms: Readonly<Record<string, HistogramMetric>> = {
  hubbub_stage_duration_seconds: {
    help: "Time of a batch in each stage; decode and checks are of single messages, once in some.",
    label: "stage",
    // 16 us to 4.2 s.
    exponents: [4, 22],
    of: (counters) => [
      ["decode", counters.decodeMs],
      ["checks", counters.checksMs],
      ["batch_wait", counters.batchWaitMs],
      ["hand_over", counters.handOverMs],
      ["commit", counters.commitMs],
      ["publish", counters.publishMs],
      ["drain", counters.drainMs],
    ],
  },
  hubbub_message_duration_seconds: {
    help: "Time of a batch's first message from the open batch to its last receiver.",
    // 128 us to 16.8 s.
    exponents: [7, 24],
    of: (counters) => [["", counters.pathMs]],
  },
  hubbub_sign_in_wait_seconds: {
    help: "Time that sign-ins waited for a hasher.",
    // 1 ms to 67 s.
    exponents: [10, 26],
    of: (counters) => [["", counters.signInWaitMs]],
  },
  hubbub_password_hash_seconds: {
    help: "Time that the hash of a password took.",
    exponents: [10, 26],
    of: (counters) => [["", counters.hashMs]],
  },
};

function counter(help: string, read: (scene: Scene) => number): Metric {
  return { kind: "counter", help, read };
}

function gauge(help: string, read: (scene: Scene) => number): Metric {
  return { kind: "gauge", help, read };
}

/** All codes from the start, so that the first refusal of each is seen to be one more. */
function refusalsOf({ refusals }: Counters, codes: readonly string[]): Labelled[] {
  return codes.map((code) => [code, refusals.get(code) ?? 0]);
}

/** By the code alone: what Bun says beside a 1006 is counted together. */
function closesOf({ closes }: Counters, codes: readonly string[]): Labelled[] {
  const sums = new Map(codes.map((code) => [code, 0]));
  for (const [label, count] of closes) {
    const [code = ""] = label.split(" ");
    sums.set(code, (sums.get(code) ?? 0) + count);
  }
  return [...sums];
}
