import { create, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import type { Encoding, Incoming } from "../../src/wire/encoding.ts";
import { type ClientFrame, ClientFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import type { Accepted } from "./server.ts";

export type Ask = NonNullable<MessageInitShape<typeof ClientFrameSchema>["command"]>;

/** What is on its way to the server; without `frame` it is garbage. */
interface Outbound {
  readonly data: Incoming;
  readonly frame: ClientFrame | undefined;
}

/** One connection as the client has it. */
export class Connection {
  readonly outbound: Outbound[] = [];
  /** Commands without an answer, by request. */
  readonly waiting = new Map<number, ClientFrame["command"]>();
  /** The channels that the server said this client is in. */
  readonly channels = new Set<number>();
  isWelcome = false;
  needsResume = true;
  #nextRequest = 1;
  readonly #encoding: Encoding;

  constructor(
    readonly end: Accepted,
    encoding: Encoding,
  ) {
    this.#encoding = encoding;
  }

  /** Until a resume is answered, messages may come that leave some out: they will come again. */
  get isResuming(): boolean {
    return (
      this.needsResume || [...this.waiting.values()].some(({ case: name }) => name === "resume")
    );
  }

  ask(command: Ask): void {
    const request = this.#nextRequest++;
    const frame = create(ClientFrameSchema, { request, command });
    this.waiting.set(request, frame.command);
    const data =
      this.#encoding.name === "json"
        ? toJsonString(ClientFrameSchema, frame)
        : toBinary(ClientFrameSchema, frame);
    this.outbound.push({ data, frame });
  }

  speakGarbage(): void {
    const data = this.#encoding.name === "json" ? "{" : Uint8Array.of(0xff);
    this.outbound.push({ data, frame: undefined });
  }

  /** The server receives the next frame. */
  deliver(): void {
    const next = this.outbound.shift();
    if (next === undefined || !this.end.socket.isOpen) return;
    const { data, frame } = next;
    this.end.receive(data, () => {
      if (frame === undefined) this.end.stream.receivesGarbage();
      else this.end.stream.receives(frame);
    });
  }
}
