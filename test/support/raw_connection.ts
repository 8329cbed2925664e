import {
  create,
  fromBinary,
  fromJsonString,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import {
  ClientFrameSchema,
  type Event,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";

/** A command as `create` takes it: only the fields that matter. */
type Command = NonNullable<MessageInitShape<typeof ClientFrameSchema>["command"]>;
type Case = NonNullable<Event["event"]["case"]>;
/** The value of an event of that case. */
export type ValueOf<C extends Case> = Extract<Event["event"], { case: C }>["value"];

interface Waiter {
  /** Returns true once it has what it waits for. */
  check(): boolean;
}

/** A WebSocket that shows every event as it came: no resuming, no retries, no order of its own. */
export class RawConnection {
  readonly events: Event[] = [];
  /** Frames as they came, beside `events`. */
  frames = 0;
  closed: { code: number; reason: string } | undefined;
  #nextRequest = 1;
  readonly #waiters = new Set<Waiter>();
  readonly #socket: WebSocket;
  readonly #isJson: boolean;

  private constructor(socket: WebSocket, isJson: boolean) {
    this.#socket = socket;
    this.#isJson = isJson;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      this.frames += 1;
      const frame = isJson
        ? fromJsonString(ServerFrameSchema, data as string)
        : fromBinary(ServerFrameSchema, new Uint8Array(data as ArrayBuffer));
      this.events.push(...frame.events);
      this.#wake();
    };
    socket.onclose = ({ code, reason }) => {
      this.closed = { code, reason };
      this.#wake();
    };
  }

  /** Connects and waits for the welcome. Rejects where the upgrade is refused. */
  static async open(
    url: string,
    accessToken: string,
    subprotocol: "hubbub.v1" | "hubbub.v1.json" = "hubbub.v1",
  ): Promise<RawConnection> {
    // Bun's constructor takes headers; the types of lib.dom, which the browser needs, hide that.
    const options = {
      protocols: [subprotocol],
      headers: { Authorization: `Bearer ${accessToken}` },
    } as unknown as string[];
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, options);
    const connection = new RawConnection(socket, subprotocol === "hubbub.v1.json");
    await connection.event("welcome");
    return connection;
  }

  /** What was agreed on beside the protocol itself. */
  get extensions(): string {
    return this.#socket.extensions;
  }

  get welcome(): ValueOf<"welcome"> {
    const event = this.events.find(({ event }) => event.case === "welcome")?.event;
    if (event?.case !== "welcome") throw new Error("not welcomed");
    return event.value;
  }

  /** The messages that came, in the order in which they came. */
  messages(channel?: number): ValueOf<"message">[] {
    return this.events.flatMap(({ event }) =>
      event.case === "message" && (channel === undefined || event.value.channel === channel)
        ? [event.value]
        : [],
    );
  }

  /** Sends a command without waiting; returns its request number. */
  post(command: Command): number {
    const request = this.#nextRequest++;
    const frame = create(ClientFrameSchema, { request, command });
    this.sendRaw(
      this.#isJson ? toJsonString(ClientFrameSchema, frame) : toBinary(ClientFrameSchema, frame),
    );
    return request;
  }

  sendRaw(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** Sends a command and waits for its answer, whatever it is. */
  async ask(command: Command): Promise<Event["event"]> {
    return this.answerTo(this.post(command));
  }

  /** Waits for the answer to a request. */
  async answerTo(request: number): Promise<Event["event"]> {
    const find = () => this.events.find((event) => event.request === request);
    await this.until(() => find() !== undefined);
    return (find() as Event).event;
  }

  /** Sends a command and waits for the answer that means success. Rejects with the error's text. */
  async expect<C extends Case>(answer: C, command: Command): Promise<ValueOf<C>> {
    const event = await this.ask(command);
    if (event.case === answer) return event.value as ValueOf<C>;
    throw new Error(`${command.case} was answered by ${JSON.stringify(event)}`);
  }

  /** Waits for an event of that case; the first one that ever came. */
  async event<C extends Case>(name: C): Promise<ValueOf<C>> {
    const find = () => this.events.find(({ event }) => event.case === name);
    await this.until(() => find() !== undefined);
    return (find() as Event).event.value as ValueOf<C>;
  }

  /** Resolves when the condition holds; looked at whenever something arrives. Rejects if closed. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        check: () => {
          if (condition()) resolve();
          else if (this.closed !== undefined) {
            reject(new Error(`closed with ${this.closed.code} ${this.closed.reason}`));
          } else return false;
          return true;
        },
      };
      this.#waiters.add(waiter);
      waiter.check() && this.#waiters.delete(waiter);
    });
  }

  /** Waits until the server has closed the connection. */
  async untilClosed(): Promise<{ code: number; reason: string }> {
    await this.until(() => this.closed !== undefined);
    return this.closed as { code: number; reason: string };
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.untilClosed();
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.check()) this.#waiters.delete(waiter);
    }
  }
}

/** A send under a nonce of its own. */
export function send(channel: number, body: string, nonce: string = crypto.randomUUID()): Command {
  return { case: "send", value: { channel, nonce, body } };
}
