import { encodeCommand, type Subprotocol } from "../src/client/frames.ts";
import type { Figures } from "../src/wire/gen/hubbub/v1/events_pb.ts";
import type { Event } from "../src/wire/gen/hubbub/v1/frames_pb.ts";
import type { Account } from "./accounts.ts";
import { StartError } from "./server_process.ts";
import { nowUs } from "./tester/clock.ts";
import { Entrance } from "./tester/entrance.ts";
import { Inflater } from "./tester/inflater.ts";
import { KnownFrames } from "./tester/known_frames.ts";
import { Pass } from "./tester/pass.ts";
import { Schedule } from "./tester/schedule.ts";
import { type EventSink, walkFrame, walkJsonFrame } from "./tester/server_frames.ts";
import type { SocketEvents, TesterSocket } from "./tester/socket.ts";

const SECOND_US = 1_000_000;
/** At the end of a run, pings that have not been answered are waited for so long. */
const LAST_PONG_US = 10_000_000;

/** One ping that was answered, or given up: then `latencyUs` is how long it had waited. */
export interface PingSample {
  /** The second of the run in which it was due; the figures cover the one before it. */
  readonly second: number;
  readonly latencyUs: number;
  readonly figures: Figures | undefined;
}

interface Waiting {
  readonly dueUs: number;
  readonly second: number;
}

/**
 * Pings once a second by the clock, over a socket like everybody's. A ping that is late in being
 * sent, or was in flight when the connection was lost, counts from when it was due.
 */
export class Monitor implements EventSink, SocketEvents {
  readonly #subprotocol: Subprotocol;
  readonly #onSample: (sample: PingSample) => void;
  readonly #schedule = new Schedule();
  readonly #entrance: Entrance;
  readonly #waiting = new Map<number, Waiting>();
  readonly #welcomed = Promise.withResolvers<void>();
  readonly #primed = Promise.withResolvers<Figures | undefined>();
  readonly #knownFrames = new KnownFrames();
  #socket: TesterSocket | undefined;
  #lastRequest = 0;
  #isStopped = false;
  serverVersion = "";

  constructor(
    url: string,
    account: Account,
    subprotocol: Subprotocol,
    onSample: (sample: PingSample) => void,
  ) {
    this.#subprotocol = subprotocol;
    this.#onSample = onSample;
    const pass = new Pass(url, account);
    this.#entrance = new Entrance({
      ...{ url, subprotocol, pass, random: Math.random, events: this },
      inflater: new Inflater(),
      onSocket: (socket) => {
        this.#socket = socket;
      },
      onRefusal: () => {},
      onGivingUp: () =>
        this.#welcomed.reject(
          new StartError(`${url} does not let ${account.name}, the monitor, in.`),
        ),
      after: (waitMs, run) => this.#schedule.at(nowUs() + waitMs * 1000, run),
    });
  }

  /**
   * Connects, and pings once so that the figures of the next pong cover the time from here on.
   * Resolves with the figures at rest; undefined where the account is no monitor's.
   */
  async connect(): Promise<Figures | undefined> {
    void this.#entrance.open();
    await this.#welcomed.promise;
    this.#ping({ dueUs: nowUs(), second: -1 });
    return this.#primed.promise;
  }

  /** Pings from then on. */
  begin(startUs: number): void {
    const plan = (second: number) => {
      this.#schedule.at(startUs + second * SECOND_US, (dueUs) => {
        if (this.#isStopped) return;
        this.#ping({ dueUs, second });
        plan(second + 1);
      });
    };
    plan(0);
  }

  /** Waits for the last pongs. */
  async finish(): Promise<void> {
    this.#isStopped = true;
    const untilUs = nowUs() + LAST_PONG_US;
    while (this.#waiting.size > 0 && nowUs() < untilUs) await Bun.sleep(10);
    for (const { dueUs, second } of this.#waiting.values()) {
      this.#onSample({ second, latencyUs: nowUs() - dueUs, figures: undefined });
    }
  }

  /** Disconnects. */
  end(): void {
    this.#entrance.shut();
    this.#schedule.stop();
    this.#socket?.close();
  }

  binary(bytes: Uint8Array, from: number, to: number): void {
    walkFrame(bytes, from, to, this.#knownFrames, this);
  }

  text(text: string): void {
    walkJsonFrame(text, this);
  }

  closed(): void {
    this.#socket = undefined;
    this.#entrance.again();
  }

  event({ request, event }: Event): void {
    if (event.case === "welcome") {
      this.serverVersion = event.value.serverVersion;
      this.#entrance.succeeded();
      this.#welcomed.resolve();
      const unanswered = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const ping of unanswered) this.#ping(ping);
      return;
    }
    const ping = this.#waiting.get(request);
    if (ping === undefined) return;
    this.#waiting.delete(request);
    const figures = event.case === "pong" ? event.value.figures : undefined;
    if (ping.second < 0) this.#primed.resolve(figures);
    else if (event.case === "pong") {
      this.#onSample({ second: ping.second, latencyUs: nowUs() - ping.dueUs, figures });
    }
  }

  /** The monitor is in no channel that anybody talks in. */
  message(): void {}

  run(): void {}

  sent(): void {}

  #ping(ping: Waiting): void {
    const request = ++this.#lastRequest;
    this.#waiting.set(request, ping);
    this.#socket?.send(encodeCommand(this.#subprotocol, request, "ping", {}));
  }
}
