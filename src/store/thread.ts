import { SQLiteError } from "bun:sqlite";
import { StoreError } from "./errors.ts";

/** The code of an error that is not SQLite's: a broken invariant. */
const UNEXPECTED = "UNEXPECTED";

/**
 * Calls to a worker thread as promises. Calls are carried out one after another in the order in
 * which they were made. An SQLite error in the thread rejects its call with a StoreError; any
 * other is a broken invariant, and calls `died`. Should the thread itself die, every waiting and
 * later call rejects, and `died` is called.
 */
export class Thread<Calls extends ThreadCalls> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #died: (error: Error) => void;
  #nextId = 1;
  #death: StoreError | undefined;

  constructor(file: URL, died: (error: Error) => void) {
    this.#died = died;
    this.#worker = new Worker(file);
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#settle(data);
    this.#worker.onerror = (event) => {
      if (this.#death !== undefined) return;
      this.#death = new StoreError("THREAD_DIED", event.message);
      for (const { reject } of this.#waiting.values()) reject(this.#death);
      this.#waiting.clear();
      died(this.#death);
    };
  }

  /** @param transfer buffers of `args` to hand over without a copy. */
  call<Name extends keyof Calls & string>(
    name: Name,
    args: Parameters<Calls[Name]>,
    transfer: ArrayBuffer[] = [],
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    if (this.#death !== undefined) return Promise.reject(this.#death);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      // The reply carries what this call's function returned.
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, name, args } satisfies Call, transfer);
    });
  }

  /** Ends the thread. Calls that still wait are never settled. */
  terminate(): void {
    this.#worker.terminate();
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    const { error } = reply;
    if (error === undefined) waiting.resolve(reply.value);
    else if (error.code !== UNEXPECTED) {
      waiting.reject(new StoreError(error.code, error.message));
    } else {
      // A broken invariant is not a full disk: there is no going on as if it were.
      const broken = new Error(error.message);
      waiting.reject(broken);
      this.#died(broken);
    }
  }
}

/** The functions that a thread offers. */
export type ThreadCalls = Record<string, (...args: never[]) => unknown>;

/**
 * Answers the calls of the thread that this runs in. `transferOf` names buffers of a result. A call
 * that returns a promise is answered when that settles, and later calls do not wait for it.
 */
export function answerCalls(
  calls: ThreadCalls,
  transferOf: (name: string, value: unknown) => ArrayBuffer[] = () => [],
): void {
  // In a worker the global scope is its port; lib.dom only knows the window.
  const port = globalThis as unknown as Worker;
  const refuse = (id: number, error: unknown) =>
    port.postMessage({ id, error: describe(error) } satisfies Reply);
  port.onmessage = ({ data: { id, name, args } }: MessageEvent<Call>) => {
    const answer = (value: unknown) =>
      port.postMessage({ id, value } satisfies Reply, transferOf(name, value));
    try {
      const call = calls[name] as ((...args: unknown[]) => unknown) | undefined;
      if (call === undefined) throw new Error(`store/thread: no call named ${name}`);
      const value = call(...args);
      if (value instanceof Promise) value.then(answer).catch((error) => refuse(id, error));
      else answer(value);
    } catch (error) {
      refuse(id, error);
    }
  };
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

function describe(error: unknown): { code: string; message: string } {
  if (error instanceof SQLiteError) {
    return { code: error.code ?? "SQLITE_ERROR", message: error.message };
  }
  return {
    code: UNEXPECTED,
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
