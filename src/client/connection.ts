import type { Event, ServerFrame } from "../wire/gen/hubbub/v1/frames_pb.ts";
import type { Clock } from "./clock.ts";
import { fromWire, HubbubError } from "./errors.ts";
import {
  type Answer,
  answerNames,
  type CommandFields,
  type CommandName,
  decodeEvents,
  encodeCommand,
  type Subprotocol,
} from "./frames.ts";
import { Heartbeat } from "./heartbeat.ts";

/** How a connection ended. */
export interface Ending {
  /** The WebSocket close code; 1006 where there was none. */
  readonly code: number;
  readonly reason: string;
  /** Whether the server said welcome on it. */
  readonly welcomed: boolean;
}

/** The socket must be open, and the server have said welcome, by then. */
const WELCOME_MS = 15_000;
/** RFC 6455: what an end without a close frame is reported as. */
const ABNORMAL = 1006;

interface Pending {
  readonly answer: string;
  readonly resolve: (event: Event["event"]) => void;
  readonly reject: (error: HubbubError) => void;
  readonly cancelTimeout: () => void;
}

interface Options {
  readonly socket: WebSocket;
  readonly subprotocol: Subprotocol;
  readonly clock: Clock;
  /** How long a command waits for its answer. */
  readonly answerMs: number;
  /**
   * Told every event in order, answers included, while the frame is being read and before the
   * promise of a command settles: what it knows is never behind what was received.
   */
  readonly onEvent: (event: Event["event"]) => void;
}

/**
 * One WebSocket, from its opening to its end, which comes once.
 *
 * 1. Commands get their answers as promises; those that wait when it ends reject with DISCONNECTED.
 * 2. A server that is silent for one and a half of its idle time, that does not answer a command in
 *    time, or whose frames cannot be read, ends it.
 * 3. After the end nothing is reported any more.
 */
export class Connection {
  readonly ended: Promise<Ending>;
  readonly #options: Options;
  readonly #pending = new Map<number, Pending>();
  #resolveEnded: (ending: Ending) => void = () => {};
  #heartbeat: Heartbeat | undefined;
  #cancelWelcome: () => void;
  #lastRequest = 0;
  #isWelcomed = false;
  #isOver = false;

  constructor(options: Options) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    const { socket, clock } = options;
    socket.onmessage = (message) => this.#read(message.data);
    socket.onclose = (close) => this.#end(close.code, close.reason);
    // `close` follows and tells more, but an error nobody listens for is printed by some platforms.
    socket.onerror = () => {};
    this.#cancelWelcome = clock.after(WELCOME_MS, () => this.drop("no welcome in time"));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether commands can be sent. */
  get isReady(): boolean {
    return this.#isWelcomed && !this.#isOver;
  }

  /**
   * Sends a command.
   *
   * @throws HubbubError as the server answered, DISCONNECTED, or TIMED_OUT (which ends the
   * connection: a server that leaves one command unanswered cannot be relied upon for the next).
   */
  async request<Name extends CommandName>(
    name: Name,
    fields: CommandFields<Name>,
  ): Promise<Answer<Name>> {
    if (!this.isReady) throw disconnected();
    const request = this.#nextRequest();
    const { socket, subprotocol, clock, answerMs } = this.#options;
    const frame = encodeCommand(subprotocol, request, name, fields);
    const answered = new Promise<Event["event"]>((resolve, reject) => {
      // A resume is answered after all that was missed, however long that takes; the heartbeat
      // sees to a server that falls silent meanwhile.
      const hasTimeout = name !== "resume";
      const cancelTimeout = hasTimeout
        ? clock.after(answerMs, () => this.#overdue(request))
        : () => {};
      this.#pending.set(request, { answer: answerNames[name], resolve, reject, cancelTimeout });
    });
    try {
      socket.send(frame);
    } catch {
      // The socket is closing already; its `close` event is on the way.
      this.drop("the socket takes no more frames");
    }
    const event = await answered;
    // #settle lets through only the event that answers this command.
    return event.value as Answer<Name>;
  }

  /** Ends the connection in good order. */
  close(): void {
    this.#options.socket.close(1000);
    this.#end(1000, "closed by this client");
  }

  /** Gives the connection up. The end is not waited for: the other side may not be there. */
  drop(reason: string): void {
    this.#options.socket.close();
    this.#end(ABNORMAL, reason);
  }

  #read(data: unknown): void {
    let events: ServerFrame["events"];
    try {
      if (!(data instanceof ArrayBuffer) && typeof data !== "string") throw new TypeError();
      events = decodeEvents(data);
    } catch {
      this.drop("the server sent a frame that cannot be read");
      return;
    }
    this.#heartbeat?.heard();
    for (const { request, event } of events) {
      if (this.#isOver) return;
      if (event.case === "welcome") this.#welcomed(event.value.limits?.idleSeconds ?? 0);
      this.#options.onEvent(event);
      if (request !== 0) this.#settle(request, event);
    }
  }

  #welcomed(idleSeconds: number): void {
    this.#isWelcomed = true;
    this.#cancelWelcome();
    if (idleSeconds === 0 || this.#heartbeat) return;
    const ask = () => {
      // Any answer will do, a refusal too: it shows that somebody is there.
      this.request("ping", {}).catch(() => {});
    };
    this.#heartbeat = new Heartbeat(this.#options.clock, idleSeconds * 1000, ask, () =>
      this.drop("the server is silent"),
    );
  }

  #settle(request: number, event: Event["event"]): void {
    const pending = this.#pending.get(request);
    if (!pending) return;
    this.#pending.delete(request);
    pending.cancelTimeout();
    if (event.case === "error") {
      pending.reject(fromWire(event.value));
    } else if (event.case === pending.answer) {
      pending.resolve(event);
    } else {
      const text = `The server answered with ${event.case ?? "something unknown"}.`;
      pending.reject(new HubbubError("UNEXPECTED_ANSWER", text));
    }
  }

  #overdue(request: number): void {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    pending?.reject(new HubbubError("TIMED_OUT", "The server did not answer in time."));
    this.drop("a command was not answered in time");
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#heartbeat?.stop();
    this.#cancelWelcome();
    for (const pending of this.#pending.values()) {
      pending.cancelTimeout();
      pending.reject(disconnected());
    }
    this.#pending.clear();
    this.#resolveEnded({ code, reason, welcomed: this.#isWelcomed });
  }

  #nextRequest(): number {
    do {
      this.#lastRequest = this.#lastRequest === 0xffffffff ? 1 : this.#lastRequest + 1;
    } while (this.#pending.has(this.#lastRequest));
    return this.#lastRequest;
  }
}

function disconnected(): HubbubError {
  return new HubbubError("DISCONNECTED", "The connection ended before the answer came.");
}
