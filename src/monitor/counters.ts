import { Distribution } from "./distribution.ts";

/** A sync takes a disk some ms at the most; in one that takes longer, the disk stood still. */
export const SLOW_COMMIT_MS = 50;

/** What the server counts, from its start. One instance a server; numbers only go up unless said. */
export class Counters {
  /** Open connections, now. */
  connections = 0;
  connectionsOpened = 0;
  /** Accounts with at least one connection, now. */
  activeAccounts = 0;
  /** Messages committed. */
  messagesIn = 0;
  /** Messages handed to receivers' sockets: a message to ten receivers counts ten. */
  deliveriesOut = 0;
  /** Pictures of who is online and who is typing, each for all who watch a channel. */
  presenceFrames = 0;
  /** The same as handed to sockets: a picture to ten watchers counts ten. */
  presenceDeliveriesOut = 0;
  /** Pictures that were due and were left out, because messages needed the time. */
  presenceFramesDropped = 0;
  /** Batches committed. */
  batches = 0;
  /** Milliseconds that went into commits of `SLOW_COMMIT_MS` and more. */
  slowCommitsMs = 0;
  /** Batches that the disk refused. */
  batchesFailed = 0;
  /** Messages that were sent again and had been kept already. */
  duplicates = 0;
  /** Messages that were let go because of a limit on how long, how many or how much is kept. */
  messagesTrimmed = 0;
  /** Passwords hashed or checked. */
  hashes = 0;
  /** Sign-ins that wait for their turn at a hasher, now. */
  signInsWaiting = 0;
  /** How long a sign-in that came now would wait for its turn, in ms. Set by those who know. */
  signInWaitNowMs: () => number = () => 0;
  /** CPU time of the processes that hash passwords, so far; NaN where that is not known. */
  hasherCpuMs: () => number = () => Number.NaN;
  /** Sign-ins whose client hung up while they waited. */
  signInsAbandoned = 0;
  /** Backups that the server was to make by itself, made and failed. */
  backups = 0;
  backupsFailed = 0;
  /** The newest of them: when it was made, in ms since the Unix epoch, and its bytes. 0 without one. */
  newestBackupMs = 0;
  newestBackupBytes = 0;
  /** How long it took, in ms; 0 where this server did not make it. */
  newestBackupTookMs = 0;
  /** Refused commands, sign-ins and upgrades, by the name of the error code. */
  readonly refusals = new Map<string, number>();
  /** Connections that ended, by close code, and where there was no close frame (1006) by reason. */
  readonly closes = new Map<string, number>();

  /** Messages per batch. */
  readonly batchMessages = new Distribution();
  /** Reading a frame. Once in some frames. */
  readonly decodeMs = new Distribution();
  /** From there to the open batch: budget, membership, size, encoding. Once in some frames. */
  readonly checksMs = new Distribution();
  /** How long a batch's first message waits for the hand-over: pacing, and the batch before. */
  readonly batchWaitMs = new Distribution();
  /** The way to the writer thread and back, the transaction aside. */
  readonly handOverMs = new Distribution();
  /** The transaction, its sync included. */
  readonly commitMs = new Distribution();
  /** Handing a batch's frames and acknowledgements to the sockets. */
  readonly publishMs = new Distribution();
  /** Writing them to the network. */
  readonly drainMs = new Distribution();
  /** A batch's first message from the open batch to its last receiver: the five before in one. */
  readonly pathMs = new Distribution();
  /** Milliseconds that sign-ins waited for a hasher, and that their hash then took. */
  readonly signInWaitMs = new Distribution();
  readonly hashMs = new Distribution();

  committed(ms: number): void {
    this.batches += 1;
    this.commitMs.record(ms);
    if (ms >= SLOW_COMMIT_MS) this.slowCommitsMs += ms;
  }

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
  }

  closed(code: string): void {
    this.closes.set(code, (this.closes.get(code) ?? 0) + 1);
  }
}
