import type { Message, Sent } from "../../../src/wire/gen/hubbub/v1/events_pb.ts";

/** A message that somebody asked to be sent. Its body is unique. */
export interface Entry {
  readonly nonce: string;
  readonly body: string;
  readonly author: string;
  /** The connection that sends it, of possibly several of the author. */
  readonly by: string;
  readonly channel: number;
  readonly round: number;
  readonly calledAt: number;
  isAcked: boolean;
  /** Where it stands, once an acknowledgement, a delivery or a page of history has said so. */
  place: { readonly seq: number; readonly timeMs: number; readonly source: string } | undefined;
}

/** One receiver's membership of one channel, from joined to left. */
export interface Period {
  readonly by: string;
  readonly channel: number;
  /** The number after which its messages begin. */
  readonly start: number;
  readonly openedAt: number;
  /** The last number it was given. */
  last: number;
}

/** What happens all the time, and can be the moment for something else to happen. */
export type Happening = "send" | "ack" | "message" | "online";

/**
 * What was asked for, promised and shown. Every contradiction is a fault, noticed when it shows and
 * not only at the end. Faults are collected, not thrown: listeners have nobody to throw to.
 */
export class Ledger {
  readonly faults: string[] = [];
  readonly channels = new Map<number, string>();
  /** By account name. */
  readonly accounts = new Map<string, number>();
  round = 0;
  readonly counts: Record<Happening | "duplicate", number> = {
    send: 0,
    ack: 0,
    message: 0,
    online: 0,
    duplicate: 0,
  };
  readonly #byBody = new Map<string, Entry>();
  readonly #byPlace = new Map<string, Entry>();
  readonly #ackedHeads = new Map<number, number>();
  readonly #periods: Period[] = [];
  #alarm: { readonly of: Happening; left: number; readonly ring: () => void } | undefined;
  #ticks = 0;

  fault(channel: number, seq: number | string, text: string): void {
    const where = `${this.channels.get(channel) ?? channel}/${seq}`;
    this.faults.push(`round ${this.round}, ${where}: ${text}`);
  }

  /** Calls `ring` at once when this has happened so many times from now. */
  alarmAfter(times: number, of: Happening, ring: () => void): void {
    this.#alarm = { of, left: times, ring };
  }

  happened(what: Happening): void {
    this.counts[what] += 1;
    const alarm = this.#alarm;
    if (alarm?.of !== what || --alarm.left > 0) return;
    this.#alarm = undefined;
    alarm.ring();
  }

  /** Somebody is about to send this. */
  called(author: string, by: string, channel: number, body: string): Entry {
    const entry: Entry = {
      nonce: crypto.randomUUID(),
      ...{ body, author, by, channel, round: this.round, calledAt: ++this.#ticks },
      isAcked: false,
      place: undefined,
    };
    this.#byBody.set(body, entry);
    return entry;
  }

  acked(entry: Entry, { channel, seq, timeMs, duplicate }: Sent): void {
    if (duplicate) this.counts.duplicate += 1;
    const source = `an ack to ${entry.by}`;
    if (entry.channel !== channel) {
      this.fault(channel, seq, `${source} for ${describe(entry)}, which went to another channel`);
    }
    this.#place(entry, channel, seq, timeMs, source);
    entry.isAcked = true;
    this.#ackedHeads.set(channel, Math.max(seq, this.ackedHead(channel)));
    this.happened("ack");
  }

  /** The highest number that anybody was promised so far. */
  ackedHead(channel: number): number {
    return this.#ackedHeads.get(channel) ?? 0;
  }

  /** Somebody was shown this, live or in history. */
  shown({ channel, seq, body, author, authorId, timeMs }: Message, source: string): void {
    const entry = this.#byBody.get(body);
    if (entry === undefined) {
      this.fault(channel, seq, `${source} shows what nobody sent: ${head(body)}`);
      return;
    }
    if (entry.channel !== channel) {
      this.fault(channel, seq, `${source} shows ${describe(entry)} in a wrong channel`);
    }
    if (author !== entry.author || authorId !== this.accounts.get(author)) {
      this.fault(channel, seq, `${source} shows ${describe(entry)} as by ${author} (${authorId})`);
    }
    this.#place(entry, channel, seq, timeMs, source);
  }

  opened(by: string, channel: number, start: number): Period {
    const period = { by, channel, start, openedAt: ++this.#ticks, last: start };
    this.#periods.push(period);
    return period;
  }

  /** Compares everything with the whole of a channel's history, as it stands at the end. */
  checkHistory(channel: number, history: readonly Message[]): void {
    history.forEach((message, index) => {
      if (message.seq !== index + 1)
        this.fault(channel, message.seq, `stands where ${index + 1} should`);
      this.shown(message, "the final history");
    });
    const entries = [...this.#byBody.values()].filter((entry) => entry.channel === channel);
    for (const entry of entries) {
      const { place } = entry;
      if (place === undefined) continue;
      const found = history[place.seq - 1]?.body;
      if (found === entry.body) continue;
      const instead = found === undefined ? "which ends before" : `which has ${head(found)}`;
      const text = `${describe(entry)}, known from ${place.source}, is missing from the history`;
      this.fault(channel, place.seq, `${text}, ${instead}`);
    }
    this.#checkOrder(entries);
    this.#checkBeginnings(channel, entries);
  }

  /** What one connection sends to one channel is numbered in the order of the calls. */
  #checkOrder(entries: readonly Entry[]): void {
    const before = new Map<string, Entry>();
    for (const entry of entries) {
      if (!entry.isAcked) continue;
      const previous = before.get(entry.by);
      before.set(entry.by, entry);
      if (previous?.place === undefined || entry.place === undefined) continue;
      if (previous.place.seq < entry.place.seq) continue;
      const text = `${describe(entry)} was sent after ${describe(previous)} (${previous.place.seq})`;
      this.fault(entry.channel, entry.place.seq, text);
    }
  }

  /** What is sent after somebody has joined lies within their membership. */
  #checkBeginnings(channel: number, entries: readonly Entry[]): void {
    for (const { by, start, openedAt } of this.#periods.filter((of) => of.channel === channel)) {
      for (const entry of entries) {
        const { seq } = entry.place ?? { seq: Number.POSITIVE_INFINITY };
        if (entry.calledAt < openedAt || seq > start) continue;
        this.fault(channel, seq, `${describe(entry)} was sent after ${by} joined behind ${start}`);
      }
    }
  }

  #place(entry: Entry, channel: number, seq: number, timeMs: number, source: string): void {
    const key = `${channel}/${seq}`;
    const holder = this.#byPlace.get(key);
    if (holder !== undefined && holder !== entry) {
      const known = `${describe(holder)} according to ${holder.place?.source}`;
      this.fault(channel, seq, `is ${describe(entry)} according to ${source}, but ${known}`);
      return;
    }
    this.#byPlace.set(key, entry);
    entry.place ??= { seq, timeMs, source };
    const { place } = entry;
    if (place.seq === seq && place.timeMs === timeMs) return;
    const known = `at ${place.seq} (${place.timeMs} ms) according to ${place.source}`;
    const text = `${describe(entry)} stands here (${timeMs} ms) according to ${source}, but ${known}`;
    this.fault(channel, seq, text);
  }
}

/** What tells a body from the others: who wrote it, and a count. */
export function head(body: string): string {
  return body.split(" ", 2).join(" ");
}

function describe({ body, round }: Entry): string {
  return `"${head(body)}" (called in round ${round})`;
}
