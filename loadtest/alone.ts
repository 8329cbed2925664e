import { encodeCommand } from "../src/client/frames.ts";
import type { Figures, Summary } from "../src/wire/gen/hubbub/v1/events_pb.ts";
import type { Event } from "../src/wire/gen/hubbub/v1/frames_pb.ts";
import { makePool } from "./accounts.ts";
import { startOwnServer } from "./own_server.ts";
import { latencyOf, newHistogram } from "./percentiles.ts";
import type { Latency } from "./result.ts";
import { StartError } from "./server_process.ts";
import { hubbubAddress } from "./tester/address.ts";
import { encodeSend } from "./tester/client_frames.ts";
import { nowUs } from "./tester/clock.ts";
import { KnownFrames } from "./tester/known_frames.ts";
import { Pass } from "./tester/pass.ts";
import { type EventSink, walkFrame } from "./tester/server_frames.ts";
import { type SocketEvents, TesterSocket } from "./tester/socket.ts";

/** The channel that every account begins in. */
const GENERAL = 1;
/** Between an answer and the next message, so that the server has come to rest. */
const REST_MS = { min: 30, max: 70 };
/** The first messages are the compiler's, and not counted. */
const WARM_UP = 100;

/** One message at a time on a server that has nothing else to do. */
export interface Alone {
  /** From the call that sends it to its receipt by the one receiver, the sender. */
  readonly delivery: Latency;
  /** The same to the acknowledgement. */
  readonly ack: Latency;
  /** The server's transactions, their sync included, in ms. */
  readonly commitMs: Summary | undefined;
}

/** Sends `count` messages, each when the one before has been delivered and a little time has passed. */
export async function measureAlone(count: number, serverCpu: number | null): Promise<Alone> {
  const pool = makePool(0);
  const server = await startOwnServer(pool, serverCpu);
  const soloist = new Soloist();
  try {
    const token = await new Pass(server.url, pool.monitor).accessToken();
    const address = hubbubAddress(server.url, token, "hubbub.v1");
    await soloist.enter(new TesterSocket(address, soloist));
    const delivery = newHistogram();
    const ack = newHistogram();
    for (let message = 0; message < WARM_UP + count; message++) {
      await Bun.sleep(REST_MS.min + Math.random() * (REST_MS.max - REST_MS.min));
      const took = await soloist.send();
      if (message < WARM_UP) continue;
      delivery.recordValue(took.deliveryUs);
      ack.recordValue(took.ackUs);
    }
    const figures = await soloist.ping();
    return { delivery: latencyOf(delivery), ack: latencyOf(ack), commitMs: figures?.commitMs };
  } finally {
    soloist.leave();
    await server.stop();
  }
}

/** The table, as Markdown. */
export function aloneText({ delivery, ack, commitMs }: Alone): string {
  const row = (name: string, cells: readonly (number | undefined)[]) =>
    `| ${name} | ${cells.map((cell) => cell?.toFixed(2) ?? "").join(" | ")} |\n`;
  const above =
    commitMs && `${(delivery.p50 - commitMs.p50).toFixed(2)} ms above that of the commit`;
  return [
    `| ${delivery.count} messages, one at a time | p50 ms | p90 ms | p99 ms |\n| --- | ---: | ---: | ---: |\n`,
    row("sent to delivered", [delivery.p50, delivery.p90, delivery.p99]),
    row("sent to acknowledged", [ack.p50, ack.p90, ack.p99]),
    ...(commitMs ? [row("the server's commit", [commitMs.p50, undefined, commitMs.p99])] : []),
    above === undefined ? "" : `\nThe median of the delivery is ${above}.\n`,
  ].join("");
}

/** A user alone in a channel. */
class Soloist implements EventSink, SocketEvents {
  readonly #known = new KnownFrames();
  #socket: TesterSocket | undefined;
  #request = 0;
  #receivedUs = 0;
  #deliveredUs = 0;
  readonly #stem = nowUs().toString(36);
  #heard = Promise.withResolvers<Event | undefined>();

  /** Resolves when messages are delivered. */
  async enter(socket: TesterSocket): Promise<void> {
    this.#socket = socket;
    await this.#next();
    socket.send(encodeCommand("hubbub.v1", ++this.#request, "resume", {}));
    await this.#next();
  }

  async send(): Promise<{ deliveryUs: number; ackUs: number }> {
    const nonce = `${this.#stem}-${this.#request}`;
    const frame = encodeSend("hubbub.v1", ++this.#request, GENERAL, nonce, "lorem ipsum dolor");
    const answered = this.#next();
    const sentUs = nowUs();
    this.#socket?.send(frame);
    await answered;
    return { deliveryUs: this.#deliveredUs - sentUs, ackUs: this.#receivedUs - sentUs };
  }

  async ping(): Promise<Figures | undefined> {
    this.#socket?.send(encodeCommand("hubbub.v1", ++this.#request, "ping", {}));
    const pong = (await this.#next())?.event;
    return pong?.case === "pong" ? pong.value.figures : undefined;
  }

  leave(): void {
    this.#socket?.close();
  }

  binary(bytes: Uint8Array, from: number, to: number): void {
    this.#receivedUs = nowUs();
    walkFrame(bytes, from, to, this.#known, this);
  }

  text(): void {}

  closed(reason: string): void {
    this.#heard.reject(new StartError(`the server closed the connection: ${reason}`));
  }

  message(): void {
    this.#deliveredUs = this.#receivedUs;
  }

  run(): void {
    this.#deliveredUs = this.#receivedUs;
  }

  sent(): void {
    this.#hear(undefined);
  }

  event(event: Event): void {
    this.#hear(event);
  }

  /** The next event that is no message. */
  #next(): Promise<Event | undefined> {
    return this.#heard.promise;
  }

  #hear(event: Event | undefined): void {
    const { resolve } = this.#heard;
    this.#heard = Promise.withResolvers();
    resolve(event);
  }
}
