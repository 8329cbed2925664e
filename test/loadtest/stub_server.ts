import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { ServerWebSocket } from "bun";
import {
  type ClientFrame,
  ClientFrameSchema,
  type EventSchema,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";

type EventInit = NonNullable<MessageInitShape<typeof EventSchema>["event"]>;

interface StubChannel {
  readonly id: number;
  readonly name: string;
  head: number;
  readonly members: Set<ServerWebSocket<Peer>>;
  /** Messages as they were first sent, for resuming. */
  readonly log: StubMessage[];
}

interface Peer {
  name: string;
}

export interface StubMessage {
  readonly channel: number;
  readonly seq: number;
  readonly body: string;
}

/** What goes wrong: called for each delivery; it sends the message as often as it likes. */
export type Fault = (
  message: StubMessage,
  receiver: string,
  deliver: (m: StubMessage) => void,
) => void;

/**
 * A server that keeps as much of the protocol as the tester needs, takes any name and password,
 * and delivers as badly as `fault` says.
 */
export class StubServer {
  fault: Fault = (message, _, deliver) => deliver(message);
  /** How long each command waits for its turn. */
  delayMs = 0;
  readonly #channels = new Map<string, StubChannel>();
  readonly #server: Bun.Server<Peer>;
  #stalledUntilMs = 0;

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => this.#fetch(request),
      websocket: {
        data: {} as Peer,
        open: (socket) => this.#welcome(socket),
        message: (socket, data) => void this.#message(socket, data as Buffer),
        close: (socket) => {
          for (const { members } of this.#channels.values()) members.delete(socket);
        },
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Nothing is taken up for so long; what waits is done then, in order. */
  stall(forMs: number): void {
    this.#stalledUntilMs = performance.now() + forMs;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.stop(true);
  }

  async #fetch(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    if (pathname === "/ws") {
      const name = request.headers.get("Authorization")?.slice("Bearer ".length) ?? "";
      const headers = { "Sec-WebSocket-Protocol": "hubbub.v1" };
      this.#server.upgrade(request, { headers, data: { name } });
      return undefined;
    }
    const { name } = (await request.json()) as { name: string };
    const user = { id: 1, name, role: "user" };
    // The token is the name: that is all this server wants to know.
    return Response.json({ access_token: name, refresh_token: "r", expires_in: 600, user });
  }

  #welcome(socket: ServerWebSocket<Peer>): void {
    const channels = [...this.#channels.values()]
      .filter(({ members }) => [...members].some(({ data }) => data.name === socket.data.name))
      .map(({ id, name, head }) => ({ id, name, head }));
    this.#send(socket, { case: "welcome", value: { logId: "log", channels } });
  }

  async #message(socket: ServerWebSocket<Peer>, data: Buffer): Promise<void> {
    const frame = fromBinary(ClientFrameSchema, data);
    const waitMs = Math.max(this.delayMs, this.#stalledUntilMs - performance.now());
    // Timers of one length fire in the order they were set, so commands keep their order.
    if (waitMs > 0) setTimeout(() => this.#carryOut(socket, frame), waitMs);
    else this.#carryOut(socket, frame);
  }

  #carryOut(socket: ServerWebSocket<Peer>, { request, command }: ClientFrame): void {
    switch (command.case) {
      case "join": {
        const channel = this.#channel(command.value.name);
        channel.members.add(socket);
        const { id, name, head } = channel;
        const value = { channel: { id, name, head } };
        return this.#send(socket, { case: "joined", value }, request);
      }
      case "leave": {
        const { channel } = command.value;
        for (const { id, members } of this.#channels.values()) {
          if (id === channel) members.delete(socket);
        }
        return this.#send(socket, { case: "left", value: { channel } }, request);
      }
      case "send": {
        const { channel: id, body } = command.value;
        const channel = [...this.#channels.values()].find((each) => each.id === id);
        if (channel === undefined) throw new Error("the stub knows no such channel");
        const message = { channel: id, seq: ++channel.head, body };
        channel.log.push(message);
        for (const member of channel.members) {
          this.fault(message, member.data.name, (faulty) => this.#deliver(member, faulty));
        }
        const value = { channel: id, seq: message.seq };
        return this.#send(socket, { case: "sent", value }, request);
      }
      case "resume":
        return this.#send(socket, { case: "resumed", value: {} }, request);
      case "ping":
        return this.#send(socket, { case: "pong", value: {} }, request);
    }
  }

  #channel(name: string): StubChannel {
    const known = this.#channels.get(name);
    if (known) return known;
    const id = this.#channels.size + 1;
    const made: StubChannel = { id, name, head: 0, members: new Set(), log: [] };
    this.#channels.set(name, made);
    return made;
  }

  #deliver(socket: ServerWebSocket<Peer>, message: StubMessage): void {
    this.#send(socket, { case: "message", value: { ...message, author: "somebody", authorId: 7 } });
  }

  #send(socket: ServerWebSocket<Peer>, event: EventInit, request = 0): void {
    socket.send(
      toBinary(ServerFrameSchema, create(ServerFrameSchema, { events: [{ request, event }] })),
    );
  }
}
