import type { Limits, Sent } from "../wire/gen/hubbub/v1/events_pb.ts";
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { asHubbubError, HubbubError, type HubbubErrorCode } from "./errors.ts";
import type { Membership } from "./memberships.ts";
import { SendBudget } from "./send_budget.ts";

/** Refusals of which the server says that nothing was kept, and that pass by themselves. */
const passing: ReadonlySet<HubbubErrorCode> = new Set<HubbubErrorCode>([
  "RATE_LIMITED",
  "TOO_MANY_PENDING",
  "OVERLOADED",
  "STORE_UNAVAILABLE",
  "GOING_AWAY",
]);

/** Ends of a connection; the message goes again on the next one. */
const interruptions: ReadonlySet<HubbubErrorCode> = new Set<HubbubErrorCode>([
  "DISCONNECTED",
  "TIMED_OUT",
]);

interface Entry {
  readonly membership: Membership;
  readonly nonce: string;
  readonly body: string;
  readonly resolve: (sent: Sent) => void;
  readonly reject: (error: HubbubError) => void;
  refusals: number;
}

interface Options {
  readonly clock: Clock;
  readonly random: () => number;
  /** The most messages that may wait for their acknowledgement. */
  readonly messages: number;
  /** Which message of the channel is under way has changed. */
  readonly onUnderWay: (membership: Membership) => void;
}

/**
 * Messages that are not acknowledged yet, in their order, across connections.
 *
 * 1. A message keeps its nonce, so that sending it again never makes a second one.
 * 2. Of each channel one message is under way at a time. With more, one that is refused and tried
 *    again would arrive after its successors.
 * 3. It holds at most `messages`; what is beyond that is refused with OUTBOX_FULL.
 */
export class Outbox {
  readonly #options: Options;
  readonly #budget: SendBudget;
  readonly #lanes = new Map<Membership, Entry[]>();
  readonly #underWay = new Set<Entry>();
  readonly #whenEmpty: (() => void)[] = [];
  #size = 0;
  #connection: Connection | undefined;
  #bodyBytes = Number.POSITIVE_INFINITY;
  #cancelWait = () => {};

  constructor(options: Options) {
    this.#options = options;
    this.#budget = new SendBudget(options.clock);
  }

  /** Messages that are not acknowledged yet. */
  get size(): number {
    return this.#size;
  }

  /**
   * Resolves when the server has acknowledged the message.
   *
   * @throws HubbubError OUTBOX_FULL, what `fail` was given, or an error of the server that would
   * come again.
   */
  add(membership: Membership, body: string, nonce: string): Promise<Sent> {
    if (this.#size >= this.#options.messages) {
      const text = `${this.#size} messages wait for their acknowledgement already.`;
      return Promise.reject(new HubbubError("OUTBOX_FULL", text));
    }
    return new Promise((resolve, reject) => {
      const entry: Entry = { membership, body, nonce, resolve, reject, refusals: 0 };
      const lane = this.#lanes.get(membership);
      if (lane) lane.push(entry);
      else this.#lanes.set(membership, [entry]);
      this.#size++;
      this.pump();
    });
  }

  /** Whether the message was sent, and may be kept or not. */
  isUnderWay(nonce: string): boolean {
    for (const entry of this.#underWay) if (entry.nonce === nonce) return true;
    return false;
  }

  /** Takes back a message that was not sent yet; its promise stays open. Returns whether it was there. */
  remove(nonce: string): boolean {
    for (const [membership, lane] of this.#lanes) {
      const at = lane.findIndex((entry) => entry.nonce === nonce);
      const entry = lane[at];
      if (entry === undefined) continue;
      if (this.#underWay.has(entry)) return false;
      lane.splice(at, 1);
      if (lane.length === 0) this.#lanes.delete(membership);
      this.#shrink(1);
      return true;
    }
    return false;
  }

  /** Sends on this connection from now on, beginning with what was not acknowledged on the last. */
  attach(connection: Connection, limits: Limits | undefined): void {
    this.#connection = connection;
    this.#underWay.clear();
    if (limits) {
      this.#bodyBytes = limits.bodyBytes;
      this.#budget.limit(limits.messagesPerSecond, limits.messageBurst);
    }
    this.pump();
  }

  /** Sends what may be sent now. To be called when a membership's phase has changed. */
  pump(): void {
    this.#cancelWait();
    for (const [membership, lane] of this.#lanes) {
      const entry = lane[0];
      if (!entry || this.#underWay.has(entry)) continue;
      if (membership.phase === "ended") {
        this.#refuseLane(membership, new HubbubError("NOT_A_MEMBER", "Join the channel first."));
        continue;
      }
      if (!this.#connection || this.#connection.isOver || membership.phase === "rejoining")
        continue;
      const waitMs = this.#budget.take();
      if (waitMs > 0) {
        this.#cancelWait = this.#options.clock.after(waitMs, () => this.pump());
        return;
      }
      this.#underWay.add(entry);
      void this.#transmit(this.#connection, entry);
    }
  }

  /** Resolves when nothing waits any more, acknowledged or refused. */
  flushed(): Promise<void> {
    if (this.#size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** The same, or when so much time has passed. */
  async flushedWithin(atMostMs: number): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(atMostMs, patience.resolve);
    await Promise.race([this.flushed(), patience.promise]);
    cancel();
  }

  /** Refuses everything that waits: there will be no further connection. */
  fail(error: HubbubError): void {
    this.#cancelWait();
    this.#connection = undefined;
    for (const membership of [...this.#lanes.keys()]) this.#refuseLane(membership, error);
  }

  async #transmit(connection: Connection, entry: Entry): Promise<void> {
    const { membership, nonce, body } = entry;
    this.#options.onUnderWay(membership);
    try {
      this.#checkSize(body);
      const sent = await connection.request("send", { channel: membership.id, nonce, body });
      this.#settle(entry, () => entry.resolve(sent));
    } catch (thrown) {
      const error = asHubbubError(thrown);
      if (interruptions.has(error.code)) return;
      if (passing.has(error.code)) {
        this.#underWay.delete(entry);
        const { random, onUnderWay } = this.#options;
        onUnderWay(membership);
        this.#budget.refused(error.retryAfterMs || backoffMs(entry.refusals++, random));
      } else {
        this.#settle(entry, () => entry.reject(error));
      }
    }
    this.pump();
  }

  /** A frame beyond the server's limit would cost the connection; better to refuse it here. */
  #checkSize(body: string): void {
    // A UTF-16 unit takes three bytes of UTF-8 at most, which settles it for nearly every message.
    if (body.length * 3 <= this.#bodyBytes) return;
    if (new TextEncoder().encode(body).length <= this.#bodyBytes) return;
    const text = `The message is larger than ${this.#bodyBytes} bytes.`;
    throw new HubbubError("BODY_TOO_LARGE", text);
  }

  #settle(entry: Entry, tell: () => void): void {
    this.#underWay.delete(entry);
    const lane = this.#lanes.get(entry.membership);
    if (lane?.[0] !== entry) return;
    lane.shift();
    // To the back of the queue, so that a busy channel does not use up the budget of the others.
    this.#lanes.delete(entry.membership);
    if (lane.length > 0) this.#lanes.set(entry.membership, lane);
    this.#shrink(1);
    tell();
  }

  #refuseLane(membership: Membership, error: HubbubError): void {
    const lane = this.#lanes.get(membership) ?? [];
    this.#lanes.delete(membership);
    for (const entry of lane) {
      this.#underWay.delete(entry);
      entry.reject(error);
    }
    this.#shrink(lane.length);
  }

  #shrink(by: number): void {
    this.#size -= by;
    if (this.#size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }
}
