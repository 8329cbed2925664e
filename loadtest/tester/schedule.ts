import { nowUs } from "./clock.ts";
import { Tally } from "./tally.ts";

interface Entry {
  readonly dueUs: number;
  readonly run: (dueUs: number) => void;
}

/** How often the clock is looked at while nothing is due, so that a busy process shows. */
const HEARTBEAT_US = 10_000;

/**
 * Runs things at their due times, in order, by one timer. What is late is run all the same, and
 * told when it was due: the lateness is the caller's to count as latency. How late the clock
 * itself ran is counted here, which says how busy this process is.
 */
export class Schedule {
  /** A binary heap, the earliest entry first. */
  readonly #heap: Entry[] = [];
  readonly lateness = new Tally();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueUs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor() {
    this.#beat(nowUs());
  }

  at(dueUs: number, run: (dueUs: number) => void): void {
    if (this.#isStopped) return;
    const heap = this.#heap;
    let place = heap.length;
    const entry = { dueUs, run };
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as Entry;
      if (above.dueUs <= dueUs) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = entry;
    if (place === 0) this.#wait();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#heap.length = 0;
  }

  #beat(dueUs: number): void {
    // From now, not from the last due time: after a stall one late beat tells it all.
    this.at(Math.max(dueUs, nowUs()) + HEARTBEAT_US, (next) => this.#beat(next));
  }

  #wait(): void {
    const first = this.#heap[0];
    if (first === undefined || first.dueUs >= this.#timerDueUs) return;
    clearTimeout(this.#timer);
    this.#timerDueUs = first.dueUs;
    // Rounded up: a timer that fires early would only have to be set again.
    const waitMs = Math.max(0, Math.ceil((first.dueUs - nowUs()) / 1000));
    this.#timer = setTimeout(() => this.#runDue(), waitMs);
  }

  #runDue(): void {
    this.#timerDueUs = Number.POSITIVE_INFINITY;
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#isStopped) return;
      const lateUs = nowUs() - first.dueUs;
      if (lateUs < 0) break;
      this.lateness.add(lateUs);
      this.#removeFirst();
      first.run(first.dueUs);
    }
    this.#wait();
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      const left = heap[child] as Entry;
      const right = heap[child + 1];
      if (right !== undefined && right.dueUs < left.dueUs) child += 1;
      const below = heap[child] as Entry;
      if (below.dueUs >= last.dueUs) break;
      heap[place] = below;
      place = child;
    }
    heap[place] = last;
  }
}
