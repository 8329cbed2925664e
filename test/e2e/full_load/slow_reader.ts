import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  ClientFrameSchema,
  type Event,
  ServerFrameSchema,
} from "../../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/wait.ts";

const BINARY = 2;
const LOOK_EVERY_MS = 100;

type Command = NonNullable<MessageInitShape<typeof ClientFrameSchema>["command"]>;

/**
 * Reads one channel, and stops reading whenever the test says so. When it is closed for that, it
 * connects again and resumes after the last message that it was sent.
 */
export class SlowReader {
  readonly #url: string;
  readonly #accessToken: string;
  readonly #channel: number;
  #peer: RawPeer;
  /** The last number that it was sent, over all connections that have ended. */
  #last = 0;
  /** Numbers that were not the next. */
  readonly faults: string[] = [];
  /** How its connections ended; undefined is an end without a close frame. */
  readonly closeCodes: (number | undefined)[] = [];

  private constructor(url: string, accessToken: string, channel: number, peer: RawPeer) {
    this.#url = url;
    this.#accessToken = accessToken;
    this.#channel = channel;
    this.#peer = peer;
  }

  /** Connects and joins a channel that nobody has talked in yet. */
  static async enter(url: string, accessToken: string, name: string): Promise<SlowReader> {
    const peer = await RawPeer.open(url, accessToken);
    ask(peer, { case: "resume", value: {} });
    ask(peer, { case: "join", value: { name } });
    let channel: number | undefined;
    await until(() => {
      for (const { event } of eventsOf(peer)) {
        if (event.case === "joined") channel = event.value.channel?.id;
      }
      return channel !== undefined;
    });
    return new SlowReader(url, accessToken, channel as number, peer);
  }

  stopReading(): void {
    this.#peer.pause();
  }

  /**
   * Reads what has waited, and on. Ends when its connection has ended, which it takes up again, or
   * when `isEnough`, or after so many ms.
   */
  async readOn(isEnough: () => boolean, mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    const peer = this.#peer;
    peer.resume();
    const untilMs = Date.now() + mostMs;
    await until(() => peer.isClosed || isEnough() || Date.now() > untilMs);
    if (!peer.isClosed) return;
    this.#note();
    this.#peer = await RawPeer.open(this.#url, this.#accessToken);
    const cursors = [{ channel: this.#channel, after: this.#last }];
    ask(this.#peer, { case: "resume", value: { cursors } });
  }

  /**
   * Reads until it has been sent that number, the last there is, over as many connections as that
   * takes. When it is live and a ping is answered, what has not come does not come any more.
   */
  async readUpTo(seq: number): Promise<void> {
    let newest = 0;
    let asked: RawPeer | undefined;
    let isAnswered = false;
    while (newest < seq && !isAnswered) {
      await this.readOn(() => false, LOOK_EVERY_MS);
      const peer = this.#peer;
      newest = numbersOf(peer, this.#channel).at(-1) ?? this.#last;
      const cases = new Set(eventsOf(peer).map(({ event }) => event.case));
      isAnswered = asked === peer && cases.has("pong");
      if (asked === peer || !cases.has("resumed")) continue;
      asked = peer;
      ask(peer, { case: "ping", value: {} });
    }
    this.#look();
    if (this.#last < seq) this.faults.push(`nothing came after ${this.#last}`);
  }

  leave(): void {
    this.#peer.destroy();
  }

  #note(): void {
    this.closeCodes.push(this.#peer.closeCode());
    this.#look();
  }

  #look(): void {
    for (const seq of numbersOf(this.#peer, this.#channel)) {
      if (seq !== this.#last + 1) this.faults.push(`${seq} came after ${this.#last}`);
      this.#last = seq;
    }
  }
}

function ask(peer: RawPeer, command: Command): void {
  const frame = create(ClientFrameSchema, { request: 1, command });
  peer.send(BINARY, toBinary(ClientFrameSchema, frame));
}

function eventsOf(peer: RawPeer): Event[] {
  return peer
    .frames()
    .filter(({ opcode }) => opcode === BINARY)
    .flatMap(({ payload }) => fromBinary(ServerFrameSchema, payload).events);
}

function numbersOf(peer: RawPeer, channel: number): number[] {
  return eventsOf(peer).flatMap(({ event }) =>
    event.case === "message" && event.value.channel === channel ? [event.value.seq] : [],
  );
}
