/** How often those who wait are let in. Between two times the server sees to everybody else. */
const TURN_MS = 3;
/** The part of the time that letting in may take. */
const SHARE = 1 / 3;
/** However late a turn is, it takes no longer than this. */
const LONGEST_TURN_MS = 10;

/** Who would wait longer has most likely given up. */
const LONGEST_WAIT_MS = 5000;
/** When to come back who is turned away: at random, so that they do not come back together. */
const COME_BACK_AFTER_MS = 1000;
const COME_BACK_SPREAD_MS = 4000;

/** Somebody in the line. */
export interface Waiting {
  readonly network: string;
  /** Lets them in or, too late, sends them away; returns what `enter` does. */
  readonly goOn: () => unknown;
  readonly sendAway: () => void;
}

/** Those who wait, and who of them is next. */
export interface Line {
  readonly length: number;
  push(waiting: Waiting): void;
  /** Takes out who is next. */
  shift(): Waiting | undefined;
  /** Takes out somebody who is to make room for one more of that network, if anybody is. */
  displaceFor(network: string): Waiting | undefined;
}

interface Options {
  /** Arrivals that may wait for their turn. */
  readonly queue: number;
  /** Where they do. */
  readonly line: Line;
  /** A clock in ms that never goes back. */
  readonly clockMs: () => number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Runs something after so many ms. */
  readonly after: (delayMs: number, run: () => void) => void;
  /** Runs something when all that can go on now has gone on: at the next turn of the event loop. */
  readonly soon: (run: () => void) => void;
}

/** Somebody who wants in. */
export interface Arrival<T> {
  /** Lets them in: in one go, or with a promise, which is expected to go on in the microtasks. */
  enter(): T;
  /** Sends them away, to come back after so many ms. */
  turnAway(retryAfterMs: number): T;
  /** The network that they come from. Asked when they have to wait. */
  network(): string;
  /** Whether they have given up. First called when they begin to wait. */
  isGone(): boolean;
}

/**
 * Lets in those who arrive, for a third of the time at most. So a thousand who arrive in the same
 * moment, as after a restart, do not stand between two messages of those who are here already, and
 * the writer thread has a core to run on where there is only one. Who does not get in at once waits
 * in the line; beyond the bounds they are turned away.
 *
 * What goes on with a promise is charged until the event loop turns, and nobody else gets in before,
 * for it could not be told whose the time was. Whatever else is done in that turn is charged with
 * it: at a busy server they get in more slowly.
 */
export class Arrivals {
  readonly #options: Options;
  #spentMs = 0;
  #allowedMs = TURN_MS * SHARE;
  #turnBeganMs: number;
  #isTurnDue = false;
  /** Somebody is on the way in, and the event loop has not turned since. */
  #isEntering = false;

  constructor(options: Options) {
    this.#options = options;
    this.#turnBeganMs = options.clockMs();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#options.line.length;
  }

  /** Lets somebody in, now or in a later turn, or sends them away. */
  admit<T>(arrival: Arrival<T>): T | Promise<Awaited<T>> {
    const { queue, line, clockMs } = this.#options;
    if (line.length === 0 && this.#isOpen()) return this.#timed(() => arrival.enter());
    const sendAway = () => arrival.turnAway(this.#comeBackMs());
    if (queue === 0) return sendAway();
    const network = arrival.network();
    if (line.length >= queue) {
      const displaced = line.displaceFor(network);
      if (displaced === undefined) return sendAway();
      displaced.sendAway();
    }
    const cameMs = clockMs();
    arrival.isGone();
    return new Promise<Awaited<T>>((resolve, reject) => {
      const answerWith = (work: () => T) => {
        try {
          const answer = work();
          resolve(answer as Awaited<T>);
          return answer;
        } catch (error) {
          reject(error);
        }
        return undefined;
      };
      const isLate = () => clockMs() - cameMs > LONGEST_WAIT_MS || arrival.isGone();
      line.push({
        network,
        goOn: () => answerWith(() => (isLate() ? sendAway() : arrival.enter())),
        sendAway: () => answerWith(sendAway),
      });
    });
  }

  #isOpen(): boolean {
    return !this.#isEntering && this.#spentMs < this.#allowedMs;
  }

  #timed<T>(work: () => T): T {
    const { clockMs, soon } = this.#options;
    const beganMs = clockMs();
    let answer: T | undefined;
    try {
      answer = work();
      return answer;
    } finally {
      if (answer instanceof Promise) {
        this.#isEntering = true;
        soon(() => {
          this.#isEntering = false;
          this.#spentMs += clockMs() - beganMs;
          this.#letIn();
        });
      } else {
        this.#spentMs += clockMs() - beganMs;
      }
      this.#expectTurn();
    }
  }

  #expectTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#options.after(TURN_MS, () => this.#turn());
  }

  #turn(): void {
    this.#isTurnDue = false;
    const nowMs = this.#options.clockMs();
    // A busy server's turns come late, and are longer for it.
    this.#allowedMs = Math.min(LONGEST_TURN_MS, (nowMs - this.#turnBeganMs) * SHARE);
    this.#turnBeganMs = nowMs;
    this.#spentMs = 0;
    this.#letIn();
  }

  /** Lets in as many of those who wait as there is time for. */
  #letIn(): void {
    while (this.#isOpen()) {
      const next = this.#options.line.shift();
      if (next === undefined) return;
      this.#timed(next.goOn);
    }
    this.#expectTurn();
  }

  #comeBackMs(): number {
    return Math.round(COME_BACK_AFTER_MS + this.#options.random() * COME_BACK_SPREAD_MS);
  }
}
