import { constants, setPriority } from "node:os";
import { makeIdle } from "../machine/idle_priority.ts";
import type { Log } from "../monitor/log.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { HashAnswer, HasherReady, HashOrder } from "./hash_orders.ts";
import { hasherCommand } from "./hasher_program.ts";
import { Refusal } from "./refusal.ts";
import type { HashCost } from "./stored_hash.ts";

interface Waiting {
  resolve(answer: HashAnswer): void;
  reject(refusal: Refusal): void;
}

/** Runs what starts the process, so that it may run on any core. */
export type Freely = <T>(start: () => T) => T;

export interface HashChildOptions {
  /** Absolute. Only the child reads it. */
  readonly pepperFile: string;
  /**
   * Whether the child may make the file where there is none: not while there are hashes that need
   * the one that is missing.
   */
  readonly mayMakePepper: boolean;
  /** Of new hashes. */
  readonly cost: HashCost;
  /** Without it the process inherits the cores of the thread that starts it. */
  readonly freely?: Freely | undefined;
}

/** Calls back once after a time, and does not keep the process alive for it. */
export type After = (ms: number, call: () => void) => void;

const FIRST_BACK_OFF_MS = 200;
const LONGEST_BACK_OFF_MS = 30_000;

/**
 * The child process that hashes passwords, at idle priority, so that sign-ins take only time that
 * nothing else wants. It hashes one at a time.
 *
 * 1. Where it dies, everything it was asked and everything it is asked until it runs again is
 *    refused with SIGN_IN_BUSY: nobody is let in by a crash.
 * 2. It is started again after a back-off with full jitter, which doubles until an answer comes.
 * 3. It does not keep this process alive, and ends by itself where this process is gone.
 * 4. It alone knows the pepper. Where that cannot be used, nothing is hashed and nobody is let in.
 */
export class HashChild {
  readonly #options: HashChildOptions;
  readonly #log: Log;
  readonly #after: After;
  readonly #random: () => number;
  readonly #waiting = new Map<number, Waiting>();
  #process: Bun.Subprocess | undefined;
  #priority: "idle" | "low" = "low";
  #nextId = 1;
  #failures = 0;
  #backOffMs = 0;
  #mayMakePepper: boolean;
  #stopped = false;

  constructor(
    options: HashChildOptions,
    log: Log,
    after: After = unreferencedTimer,
    random: () => number = Math.random,
  ) {
    this.#options = options;
    this.#mayMakePepper = options.mayMakePepper;
    this.#log = log;
    this.#after = after;
    this.#random = random;
    this.#start();
  }

  /** The process id; undefined while there is no process. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** `idle`: only when a core has nothing else to do. `low`: the lowest plain priority. */
  get priority(): "idle" | "low" {
    return this.#priority;
  }

  /**
   * Hashes a new password, unless it is a common one.
   *
   * @throws Refusal SIGN_IN_BUSY where the child is not there, GOING_AWAY after `stop`.
   */
  hash(password: string): Promise<HashAnswer> {
    return this.#ask({ id: this.#nextId++, kind: "hash", password });
  }

  /**
   * Checks a password. Without a hash it does the same work, and nothing matches.
   *
   * @throws Refusal as `hash` does.
   */
  verify(hash: string | null, password: string): Promise<HashAnswer> {
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
      const { freely = (start) => start() } = this.#options;
      this.#process = freely(() => this.#spawn());
      this.#log.debug({ pid: this.#process.pid }, "hasher started");
    } catch (error) {
      this.#died(String(error));
    }
  }

  #spawn(): Bun.Subprocess {
    const { pepperFile, cost } = this.#options;
    const permission = this.#mayMakePepper ? ["may make pepper"] : [];
    const command = [...hasherCommand(), pepperFile, `${cost.memoryKib}`, `${cost.passes}`];
    const child = Bun.spawn([...command, ...permission], {
      // Nothing of the environment is the child's business, the signing secret least of all.
      env: {},
      // Not `detached`: in a session of its own it would be an autogroup of its own (sched(7)), which
      // the kernel gives as much time as the server's, whatever the priority inside it.
      detached: false,
      stdio: ["ignore", "ignore", "inherit"],
      serialization: "json",
      ipc: (said: HashAnswer | HasherReady) => this.#said(said),
      onExit: (_, exitCode, signalCode) => this.#died(`${signalCode ?? exitCode}`),
    });
    this.#priority = makeIdle(child.pid) ? "idle" : "low";
    if (this.#priority === "low") setPriority(child.pid, constants.priority.PRIORITY_LOW);
    child.unref();
    return child;
  }

  #said(said: HashAnswer | HasherReady): void {
    if ("ready" in said) {
      if (said.pepperTrouble === null) this.#mayMakePepper = false;
      else this.#log.error({ trouble: said.pepperTrouble }, "no password can be checked");
      return;
    }
    this.#failures = 0;
    const waiting = this.#waiting.get(said.id);
    this.#waiting.delete(said.id);
    waiting?.resolve(said);
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
