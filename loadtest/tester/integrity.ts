/**
 * The self-check: receiver by receiver and channel by channel, by sequence number. Each number
 * must be the one before plus one; what was skipped and comes later was *reordered*, what comes
 * again was *doubled*, what never came was *lost*.
 */

/** The first so many findings are kept in words. */
const MOST_EXAMPLES = 10;
/**
 * A receiver remembers so many gaps of a channel. The oldest gap beyond that counts as lost at once;
 * should its messages come after all, they count as doubled: it is broken either way.
 */
const MOST_GAPS = 256;

/** A channel as all users of this process know it. */
export class Room {
  /**
   * The highest number that anybody here was delivered or acknowledged. The server had written it
   * to every receiver's socket by then, so it is owed to whoever asks afterwards.
   */
  head = 0;

  constructor(
    readonly id: number,
    readonly name: string,
  ) {}

  /** Message `seq` has been seen. */
  reaches(seq: number): void {
    if (seq > this.head) this.head = seq;
  }
}

/** What all receivers of this process found. */
export class Findings {
  lost = 0;
  doubled = 0;
  reordered = 0;
  readonly examples: string[] = [];

  tell(sentence: string): void {
    if (this.examples.length < MOST_EXAMPLES) this.examples.push(sentence);
  }
}

interface Gap {
  from: number;
  to: number;
}

/** One receiver's view of one channel, from the number that delivery began after. */
export class Track {
  #next: number;
  readonly #gaps: Gap[] = [];

  constructor(
    readonly room: Room,
    private readonly receiver: string,
    head: number,
    private readonly findings: Findings,
  ) {
    this.#next = head + 1;
  }

  /** The highest number taken so far: what a resume begins after. */
  get last(): number {
    return this.#next - 1;
  }

  /** Hot. Takes a message; returns false where it had been taken before. */
  take(seq: number): boolean {
    this.room.reaches(seq);
    if (seq !== this.#next) return this.#outOfTurn(seq);
    this.#next = seq + 1;
    return true;
  }

  /** Hot. Takes messages in a row; returns false, having taken none, where they are not the next. */
  takeRun(first: number, count: number): boolean {
    if (first !== this.#next) return false;
    this.#next = first + count;
    this.room.reaches(first + count - 1);
    return true;
  }

  /**
   * Delivery to this receiver has ended: what is missing up to `owed` (or up to what was taken, if
   * that is more) is lost.
   */
  settle(owed: number): void {
    if (owed >= this.#next) {
      this.#gaps.push({ from: this.#next, to: owed });
      this.#next = owed + 1;
    }
    for (const gap of this.#gaps.splice(0)) this.#lose(gap);
  }

  #outOfTurn(seq: number): boolean {
    if (seq > this.#next) {
      this.#gaps.push({ from: this.#next, to: seq - 1 });
      this.#next = seq + 1;
      if (this.#gaps.length > MOST_GAPS) this.#lose(this.#gaps.shift() as Gap);
      return true;
    }
    const place = this.#gaps.findIndex(({ from, to }) => from <= seq && seq <= to);
    if (place < 0) {
      this.findings.doubled += 1;
      this.#tell(`was sent message ${seq} of`, "more than once");
      return false;
    }
    const { from, to } = this.#gaps[place] as Gap;
    const rest = [
      { from, to: seq - 1 },
      { from: seq + 1, to },
    ].filter((gap) => gap.from <= gap.to);
    this.#gaps.splice(place, 1, ...rest);
    this.findings.reordered += 1;
    this.#tell(`was sent message ${seq} of`, `after message ${this.last}`);
    return true;
  }

  #lose({ from, to }: Gap): void {
    this.findings.lost += to - from + 1;
    this.#tell(
      `was never sent ${from === to ? `message ${from}` : `messages ${from} to ${to}`} of`,
    );
  }

  #tell(what: string, how = ""): void {
    const { name, id } = this.room;
    this.findings.tell(`${this.receiver} ${what} ${name} (channel ${id}) ${how}`.trimEnd());
  }
}
