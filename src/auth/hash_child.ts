import { constants, setPriority } from "node:os";
import { join } from "node:path";
import type { Log } from "../monitor/log.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { Refusal } from "./refusal.ts";

/** What the child is asked for. */
export type HashOrder =
  | { readonly id: number; readonly kind: "hash"; readonly password: string }
  | {
      readonly id: number;
      readonly kind: "verify";
      readonly hash: string;
      readonly password: string;
    };

/** What the child says to the order of that id. */
export type HashAnswer =
  | { readonly id: number; readonly hash: string }
  | { readonly id: number; readonly matches: boolean }
  /** The stored hash could not be read, or there was no memory for it. */
  | { readonly id: number; readonly failed: true };

interface Waiting {
  resolve(answer: HashAnswer): void;
  reject(refusal: Refusal): void;
}

/** Calls back once after a time, and does not keep the process alive for it. */
export type After = (ms: number, call: () => void) => void;

const FIRST_BACK_OFF_MS = 200;
const LONGEST_BACK_OFF_MS = 30_000;

/**
 * The child process that hashes passwords, at idle priority, so that sign-ins take only time that
 * nothing else wants.
 *
 * 1. Where it dies, everything it was asked and everything it is asked until it runs again is
 *    refused with SIGN_IN_BUSY: nobody is let in by a crash.
 * 2. It is started again after a back-off with full jitter, which doubles until an answer comes.
 * 3. It does not keep this process alive, and ends by itself where this process is gone.
 */
export class HashChild {
  readonly #log: Log;
  readonly #after: After;
  readonly #random: () => number;
  readonly #waiting = new Map<number, Waiting>();
  #process: Bun.Subprocess | undefined;
  #nextId = 1;
  #failures = 0;
  #backOffMs = 0;
  #stopped = false;

  constructor(log: Log, after: After = unreferencedTimer, random: () => number = Math.random) {
    this.#log = log;
    this.#after = after;
    this.#random = random;
    this.#start();
  }

  /** The process id; undefined while there is no process. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** @throws Refusal SIGN_IN_BUSY where the child is not there, GOING_AWAY after `stop`. */
  hash(password: string): Promise<HashAnswer> {
    return this.#ask({ id: this.#nextId++, kind: "hash", password });
  }

  /** @throws Refusal as `hash` does. */
  verify(hash: string, password: string): Promise<HashAnswer> {
    return this.#ask({ id: this.#nextId++, kind: "verify", hash, password });
  }

  /** Ends the child. What it was asked is refused with GOING_AWAY. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const child = this.#process;
    child?.kill("SIGKILL");
    await child?.exited;
    this.#lose();
  }

  #ask(order: HashOrder): Promise<HashAnswer> {
    const child = this.#process;
    if (child === undefined) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => {
      this.#waiting.set(order.id, { resolve, reject });
      try {
        child.send(order);
      } catch {
        // It has just died, and we have not been told yet.
        this.#waiting.delete(order.id);
        reject(this.#refusal());
      }
    });
  }

  #start(): void {
    if (this.#stopped) return;
    try {
      this.#process = this.#spawn();
      this.#log.debug({ pid: this.#process.pid }, "hasher started");
    } catch (error) {
      this.#died(String(error));
    }
  }

  #spawn(): Bun.Subprocess {
    const file = join(import.meta.dir, "hash_process.ts");
    // SCHED_IDLE runs only when a core has nothing else to do; the lowest priority still takes
    // its small share from the event loop.
    const idle = process.platform === "linux" ? Bun.which("chrt") : null;
    const prefix = idle === null ? [] : [idle, "-i", "0"];
    const child = Bun.spawn([...prefix, process.execPath, file], {
      // Nothing of the environment is the child's business, the signing secret least of all.
      env: {},
      stdio: ["ignore", "ignore", "inherit"],
      serialization: "json",
      ipc: (answer: HashAnswer) => this.#answered(answer),
      onExit: (_, exitCode, signalCode) => this.#died(`${signalCode ?? exitCode}`),
    });
    if (idle === null) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    child.unref();
    return child;
  }

  #answered(answer: HashAnswer): void {
    this.#failures = 0;
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    waiting?.resolve(answer);
  }

  #died(reason: string): void {
    if (this.#stopped) return;
    const ceilingMs = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#backOffMs = Math.ceil(this.#random() * ceilingMs);
    this.#log.error({ reason, retryMs: this.#backOffMs }, "hasher died");
    this.#lose();
    this.#after(this.#backOffMs, () => this.#start());
  }

  #lose(): void {
    this.#process = undefined;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(this.#refusal());
  }

  #refusal(): Refusal {
    if (this.#stopped) return new Refusal(ErrorCode.GOING_AWAY);
    // Spread over as much again, so that those who were refused together do not return together.
    const retryAfterMs = this.#backOffMs + Math.ceil((1 + this.#random()) * 1000);
    return new Refusal(ErrorCode.SIGN_IN_BUSY, undefined, retryAfterMs);
  }
}

function unreferencedTimer(ms: number, call: () => void): void {
  setTimeout(call, ms).unref();
}
