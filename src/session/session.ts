import { create } from "@bufbuild/protobuf";
import type { Channel } from "../channels/channel.ts";
import type { Connection, User } from "../channels/user.ts";
import type { Readings } from "../monitor/figures.ts";
import type { Sender } from "../store/log.ts";
import { CloseCode, closes, errorEntry, errorName } from "../wire/codes.ts";
import type { Encoding, Outgoing } from "../wire/encoding.ts";
import {
  type ErrorCode,
  ErrorSchema,
  JoinedSchema,
  LeftSchema,
  PongSchema,
  type Sent,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import { type Event, EventSchema } from "../wire/gen/hubbub/v1/frames_pb.ts";
import { describeChannel } from "./describe.ts";
import { describeFigures } from "./figures.ts";
import { LiveChannels } from "./live.ts";
import type { Services } from "./services.ts";
import { Watches } from "./watches.ts";

/** The part of Bun's `ServerWebSocket` that a session uses. */
export interface Socket {
  send(frame: Outgoing): unknown;
  /** What is sent meanwhile, and what was published to the socket before, goes out in one write. */
  cork(send: () => void): unknown;
  subscribe(topic: string): unknown;
  unsubscribe(topic: string): unknown;
  close(code: number, reason: string): unknown;
  getBufferedAmount(): number;
}

/** Who opened a connection. */
export interface Identity {
  readonly accountId: number;
  readonly name: string;
  readonly role: "user" | "monitor" | "admin";
  /** The sign-in session, not the connection. */
  readonly sessionId: string;
  /** The account's, when the connection was opened: see store/account_changes.ts. */
  readonly epoch: number;
}

/** What an unreadable frame costs of the refusals that a connection may collect. */
const FAULT_COST = 10;

/** Of connections that have sent no page yet, nearly all of them: one for all, not one for each. */
const noTurn: Promise<void> = Promise.resolve();
const nobodyWaits = (): void => {};

/**
 * One connected socket: who it is, what it is live in, and what it is owed.
 *
 * 1. Every command is answered exactly once, with its request number: `answer` or `refused`.
 * 2. Answers wait for `flush`: those of a batch go out together, when the whole batch has settled.
 * 3. After `closed`, nothing is sent; work that is under way finds `isOpen` false and stops.
 */
export class Session implements Sender, Connection {
  readonly live: LiveChannels;
  readonly watches: Watches;
  /** See LANES. */
  readonly lane: number;
  #user: User | undefined;
  /** For a monitor: measures from one ping to the next. */
  #readings: Readings | undefined;
  #answers: Event[] = [];
  #isOpen = true;
  /** Commands that wait for the disk or the socket. */
  pendingCommands = 0;
  /** A slow-consumer notice has gone out and the socket has not caught up since. */
  isSlow = false;
  #lastTurn = noTurn;
  #hasRoom = nobodyWaits;

  constructor(
    public identity: Identity,
    readonly encoding: Encoding,
    readonly socket: Socket,
    readonly services: Services,
  ) {
    this.lane = services.nextLane();
    this.live = new LiveChannels(socket, encoding.name, this.lane);
    this.watches = new Watches(socket, services.presence, encoding.name, this.lane);
    this.changeRole(identity.role);
  }

  /** The account may see more, or less, from now on. */
  changeRole(role: Identity["role"]): void {
    this.identity = { ...this.identity, role };
    this.#readings =
      role === "user" ? undefined : (this.#readings ?? this.services.monitoring.measure());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get user(): User {
    if (this.#user === undefined) throw new Error("session: used before it was opened");
    return this.#user;
  }

  /**
   * The socket is open: makes the user present.
   *
   * @param channels those that the file says the account is in, where they were read in this turn.
   */
  opened(channels?: readonly number[]): void {
    const { accountId, name } = this.identity;
    this.#user = this.services.membership.connect(accountId, name, this, channels);
  }

  /** The socket is closed, by either side. */
  closed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.live.clear();
    this.watches.clear();
    this.#answers = [];
    this.drained();
    if (this.#user !== undefined) this.services.membership.disconnect(this.#user, this);
  }

  /** Closes the socket; the code says what the client should do. */
  close(code: CloseCode): void {
    if (this.#isOpen) this.socket.close(code, closes[code].text);
  }

  /** Sends one event at once. */
  answer(request: number, event: Event["event"]): void {
    this.sendFrame(this.encoding.encode([create(EventSchema, { request, event })]));
  }

  sendFrame(frame: Outgoing): void {
    if (this.#isOpen) this.socket.cork(() => this.socket.send(frame));
  }

  sent(request: number, channel: number, seq: number, timeMs: number, duplicate: boolean): void {
    // Hot: as `create` would make it, which takes longer than all the rest.
    const value: Sent = { $typeName: "hubbub.v1.Sent", channel, seq, timeMs, duplicate };
    this.#answerLater({ $typeName: "hubbub.v1.Event", request, event: { case: "sent", value } });
  }

  ponged(request: number): void {
    const value = create(PongSchema, { timeMs: this.services.now() });
    if (this.#readings !== undefined) {
      value.figures = describeFigures(this.#readings.next());
    }
    this.#answerLater(create(EventSchema, { request, event: { case: "pong", value } }));
  }

  /** Answers a command with an error. */
  refused(request: number, code: ErrorCode, retryAfterMs = 0, text?: string): void {
    const { counters } = this.services;
    counters.refused(errorName(code));
    const value = create(ErrorSchema, { code, retryAfterMs, text: text ?? errorEntry(code).text });
    this.#answerLater(create(EventSchema, { request, event: { case: "error", value } }));
  }

  /** Refuses a command for its rate; closes the connection if it goes on like that. */
  limited(request: number, code: ErrorCode, retryAfterMs: number): void {
    this.refused(request, code, retryAfterMs);
    if (this.#hasRefusalsLeft(1)) return;
    this.flush();
    this.close(CloseCode.TOO_MANY_REFUSALS);
  }

  /** Refuses a frame that could not be read; closes the connection if there are many of them. */
  faulty(request: number, code: ErrorCode, text: string): void {
    this.refused(request, code, 0, text);
    if (this.#hasRefusalsLeft(FAULT_COST)) return;
    this.flush();
    this.close(CloseCode.TOO_MANY_FAULTS);
  }

  /**
   * Sends the answers that wait. Those to messages come after what their batch brings: while that
   * is being delivered to others first, they go on waiting.
   */
  flush(): void {
    if (!this.services.delivery.isShown(this.lane)) return;
    this.services.unflushed.delete(this);
    if (this.#answers.length === 0) return;
    const answers = this.#answers;
    this.#answers = [];
    this.sendFrame(this.encoding.encode(answers));
  }

  joined(channel: Channel, asked: boolean): void {
    this.live.begin(channel);
    if (asked) return;
    const value = create(JoinedSchema, { channel: describeChannel(channel) });
    this.answer(0, { case: "joined", value });
  }

  left(channel: Channel, asked: boolean, code?: ErrorCode): void {
    this.live.end(channel);
    this.watches.end(channel);
    if (asked) return;
    const value = create(LeftSchema, { channel: channel.id, ...(code && { code }) });
    this.answer(0, { case: "left", value });
  }

  /**
   * Does work that sends a page: one page at a time on this connection, and only when the socket
   * holds little back. So a slow reader waits, and costs the server nothing meanwhile.
   */
  async inTurn<T>(work: () => Promise<T> | T): Promise<T> {
    const before = this.#lastTurn;
    const turn = Promise.withResolvers<void>();
    this.#lastTurn = turn.promise;
    try {
      await before;
      if (this.#isOpen && this.#isFull()) {
        const room = Promise.withResolvers<void>();
        this.#hasRoom = room.resolve;
        await room.promise;
      }
      return await work();
    } finally {
      turn.resolve();
    }
  }

  /** The socket has sent some of what it held back, not necessarily all, or is closed. */
  drained(): void {
    if (this.#isOpen && this.#isFull()) return;
    this.isSlow = false;
    this.#hasRoom();
  }

  #isFull(): boolean {
    return this.socket.getBufferedAmount() > this.services.config.outboundBytes / 4;
  }

  #hasRefusalsLeft(cost: number): boolean {
    const { budgets, clockMs } = this.services;
    return budgets.of(this.identity.accountId).refusals.take(clockMs(), cost) === 0;
  }

  #answerLater(answer: Event): void {
    if (!this.#isOpen) return;
    this.services.unflushed.add(this);
    this.#answers.push(answer);
  }
}
