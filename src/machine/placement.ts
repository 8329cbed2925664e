import { dlopen } from "bun:ffi";
import { readdirSync } from "node:fs";

/** The core cannot be had, with a sentence for the person who named it. */
export class PlacementError extends Error {
  override readonly name = "PlacementError";
}

/** Room for 4,096 cores, a bit each: cores 0 to 7 in the first byte (sched_setaffinity(2)). */
const MASK_BYTES = 512;
/** Where a call names a thread: the one that calls. */
const THIS_THREAD = 0;

/** The cores that a thread may run on. */
type Mask = Uint8Array<ArrayBuffer>;

/**
 * Keeps this thread on one core, and nothing else: not the threads that it starts, nor the processes.
 * On Linux all of these inherit the cores of the thread that starts them, so
 *
 * 1. whatever is started before `pin` is free;
 * 2. what is started within `freely` is free from its first instruction;
 * 3. threads that the runtime starts by itself (for collecting garbage, for files) are free from the
 *    next `freeOthers` on.
 *
 * "Free" is what this thread was at first. Without a core all of it does nothing.
 */
export class Placement {
  readonly #scheduler: Scheduler | undefined;
  readonly #free: Mask = new Uint8Array(MASK_BYTES);
  readonly #core: number | null;
  #isPinned = false;
  #known: ReadonlySet<string> = new Set();

  /**
   * Tries whether the thread that calls can be pinned to that core, and leaves it free.
   *
   * @param impossible called with the reason where the system knows no pinning or forbids it.
   * @throws PlacementError where this process may not use the core, or there is none of that number.
   */
  constructor(core: number | null, impossible: (reason: string) => void) {
    this.#scheduler = core === null ? undefined : openScheduler();
    this.#core = this.#scheduler === undefined ? null : core;
    if (core === null) return;
    if (!this.#scheduler?.get(THIS_THREAD, this.#free)) {
      this.#core = null;
      impossible("only Linux can");
    } else if (this.#set(THIS_THREAD, maskOf(core))) this.#set(THIS_THREAD, this.#free);
    else if (has(this.#free, core)) {
      this.#core = null;
      impossible("the system forbids it");
    } else {
      throw new PlacementError(
        `There is no core ${core} for this process, which may use ${listOf(this.#free)}. Name another with --cpu.`,
      );
    }
  }

  /** The core that the thread is pinned to; null while it is free. */
  get core(): number | null {
    return this.#isPinned ? this.#core : null;
  }

  /** Pins the thread that calls. */
  pin(): void {
    if (this.#core === null) return;
    this.#known = threads();
    this.#isPinned = this.#set(THIS_THREAD, maskOf(this.#core));
  }

  /** Runs something that starts a process or a thread, which is to be free. */
  readonly freely = <T>(start: () => T): T => {
    const { core } = this;
    if (core === null) return start();
    this.#set(THIS_THREAD, this.#free);
    try {
      return start();
    } finally {
      this.#set(THIS_THREAD, maskOf(core));
    }
  };

  /** Frees the threads that were started since `pin`. Takes some 20 microseconds. */
  freeOthers(): void {
    if (!this.#isPinned) return;
    const present = threads();
    for (const thread of present.difference(this.#known)) this.#set(Number(thread), this.#free);
    this.#known = present;
  }

  /** Frees the thread that was pinned, which calls this. */
  release(): void {
    if (this.#isPinned) this.#set(THIS_THREAD, this.#free);
    this.#isPinned = false;
  }

  #set(thread: number, mask: Mask): boolean {
    return this.#scheduler?.set(thread, mask) ?? false;
  }
}

/** Both return whether it worked. A thread that has ended meanwhile is one reason for why not. */
interface Scheduler {
  /** Writes the cores of a thread into `mask`. */
  get(thread: number, mask: Mask): boolean;
  set(thread: number, mask: Mask): boolean;
}

/** Undefined where the system has none. */
function openScheduler(): Scheduler | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const call = { args: ["i32", "usize", "ptr"], returns: "i32" } as const;
    const calls = { sched_getaffinity: call, sched_setaffinity: call };
    // glibc's name; musl takes it for its own, too.
    const { sched_getaffinity, sched_setaffinity } = dlopen("libc.so.6", calls).symbols;
    return {
      get: (thread, mask) => sched_getaffinity(thread, MASK_BYTES, mask) === 0,
      set: (thread, mask) => sched_setaffinity(thread, MASK_BYTES, mask) === 0,
    };
  } catch {
    return undefined;
  }
}

/** The ids of this process's threads, but for the main one. */
function threads(): Set<string> {
  const all = new Set(readdirSync("/proc/self/task"));
  all.delete(String(process.pid));
  return all;
}

function maskOf(core: number): Mask {
  const mask = new Uint8Array(MASK_BYTES);
  mask[core >> 3] = 1 << (core & 7);
  return mask;
}

function has(mask: Mask, core: number): boolean {
  return ((mask[core >> 3] ?? 0) & (1 << (core & 7))) !== 0;
}

/** `0, 1, 4`. */
function listOf(mask: Mask): string {
  const cores = Array.from({ length: MASK_BYTES * 8 }, (_, core) => core);
  return cores.filter((core) => has(mask, core)).join(", ");
}
