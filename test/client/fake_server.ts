import {
  create,
  fromBinary,
  fromJsonString,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import type { ServerWebSocket } from "bun";
import { ErrorCode, type Message, MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import {
  type ClientFrame,
  ClientFrameSchema,
  type EventSchema,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { FakeAccounts } from "./fake_accounts.ts";

export type Command = ClientFrame["command"];
type EventInit = NonNullable<MessageInitShape<typeof EventSchema>["event"]>;
type LimitsInit = { bodyBytes?: number; messagesPerSecond?: number; messageBurst?: number };

interface FakeChannel {
  readonly id: number;
  readonly name: string;
  readonly messages: Message[];
  /** Messages up to this number are kept no more. */
  gone: number;
}

/** One socket of a fake server. */
export class Peer {
  /** Channels that are delivered on it. */
  readonly live = new Set<number>();

  constructor(readonly socket: ServerWebSocket<unknown>) {}

  send(event: EventInit, request = 0): void {
    const frame = create(ServerFrameSchema, { events: [{ request, event }] });
    const isJson = this.socket.data === "hubbub.v1.json";
    this.socket.send(
      isJson ? toJsonString(ServerFrameSchema, frame) : toBinary(ServerFrameSchema, frame),
    );
  }

  refuse(request: number, code: ErrorCode, retryAfterMs = 0): void {
    this.send(
      { case: "error", value: { code, text: "refused by the test", retryAfterMs } },
      request,
    );
  }
}

/**
 * A server of one user that keeps the protocol, in memory, and does what a test tells it: `command`
 * sees each command first, and says whether the server shall still carry it out.
 */
export class FakeServer {
  readonly calls: string[] = [];
  readonly accounts = new FakeAccounts(this);
  /** What was asked for, in order, over all connections. */
  readonly commands: Command[] = [];
  readonly upgrades: Headers[] = [];
  readonly peers = new Set<Peer>();
  command: (peer: Peer, request: number, command: Command) => boolean = () => true;
  /** Refuses upgrades with this status. */
  refusal: number | undefined;
  /** Whether connections are welcomed. */
  welcomes = true;
  logId = "log-1";
  bootId = "boot-1";
  limits: LimitsInit = {};
  idleSeconds = 60;
  /** Channels that the user is in. */
  joined = new Set<string>();
  readonly channels = new Map<string, FakeChannel>();
  readonly #nonces = new Map<string, Message>();
  readonly #server: Bun.Server<unknown>;

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => this.#fetch(request),
      websocket: {
        data: undefined as unknown,
        open: (socket) => this.#open(socket),
        message: (socket, data) => this.#message(socket, data),
        close: (socket) => {
          const peer = this.#peer(socket);
          if (peer) this.peers.delete(peer);
        },
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.stop(true);
  }

  /** The channel of that name; it is made if there is none. */
  channel(name: string): FakeChannel {
    const known = this.channels.get(name);
    if (known) return known;
    const made = { id: this.channels.size + 1, name, messages: [], gone: 0 };
    this.channels.set(name, made);
    return made;
  }

  /** Somebody says something: kept, and delivered where it is live. */
  say(name: string, body: string): Message {
    const { id, messages } = this.channel(name);
    const seq = messages.length + 1;
    const message = create(MessageSchema, { seq, channel: id, authorId: 8, author: "bob", body });
    messages.push(message);
    for (const peer of this.peers) if (peer.live.has(id)) this.deliver(peer, message);
    return message;
  }

  /** Messages up to this number go, and their nonces with them. */
  trim(name: string, upTo: number): void {
    const { id } = this.channel(name);
    this.channel(name).gone = upTo;
    for (const [nonce, { channel, seq }] of this.#nonces) {
      if (channel === id && seq <= upTo) this.#nonces.delete(nonce);
    }
  }

  deliver(peer: Peer, message: Message): void {
    peer.send({ case: "message", value: message });
  }

  /** Cuts every connection, without a close frame. */
  cut(): void {
    for (const { socket } of [...this.peers]) socket.terminate();
  }

  /** What a resume sends, up to a number or the head. */
  deliverAfter(peer: Peer, name: string, after: number, upTo?: number): void {
    const { id, messages, gone } = this.channel(name);
    if (after < gone) {
      peer.send({ case: "historyBegins", value: { channel: id, first: gone + 1 } });
    }
    for (const message of messages.slice(Math.max(after, gone), upTo)) this.deliver(peer, message);
  }

  close(code: number, reason = "closed by the test"): void {
    for (const { socket } of [...this.peers]) socket.close(code, reason);
  }

  /** A killed process comes back; joins that it had not written yet are lost. */
  restart(options: { forgetting?: string[]; logId?: string } = {}): void {
    this.bootId = `${this.bootId}'`;
    this.logId = options.logId ?? this.logId;
    for (const name of options.forgetting ?? []) this.joined.delete(name);
    this.cut();
  }

  bodies(name: string): string[] {
    return this.channel(name).messages.map(({ body }) => body);
  }

  describe(name: string) {
    const { id, messages, gone } = this.channel(name);
    return { id, name, head: messages.length, first: gone + 1, members: 1 };
  }

  async #fetch(request: Request): Promise<Response | undefined> {
    const { pathname } = new URL(request.url);
    if (pathname !== "/ws") return this.accounts.answer(request, pathname);
    this.upgrades.push(request.headers);
    if (this.refusal !== undefined) return new Response("no", { status: this.refusal });
    if (!this.accounts.admits(request)) return new Response("no", { status: 401 });
    const subprotocol = request.headers.get("Sec-WebSocket-Protocol")?.split(",")[0] ?? "";
    const headers = { "Sec-WebSocket-Protocol": subprotocol };
    this.#server.upgrade(request, { headers, data: subprotocol });
    return undefined;
  }

  #open(socket: ServerWebSocket<unknown>): void {
    const peer = new Peer(socket);
    this.peers.add(peer);
    if (!this.welcomes) return;
    const limits = {
      bodyBytes: 16_384,
      messagesPerSecond: 1_000_000,
      messageBurst: 1_000_000,
      idleSeconds: this.idleSeconds,
      ...this.limits,
    };
    const channels = [...this.joined].map((name) => this.describe(name));
    const { logId, bootId } = this;
    peer.send({
      case: "welcome",
      value: { userId: 7, user: "ada", logId, bootId, limits, channels },
    });
  }

  #peer(socket: ServerWebSocket<unknown>): Peer | undefined {
    return [...this.peers].find((peer) => peer.socket === socket);
  }

  #message(socket: ServerWebSocket<unknown>, data: string | Buffer): void {
    const peer = this.#peer(socket);
    const { request, command } =
      typeof data === "string"
        ? fromJsonString(ClientFrameSchema, data)
        : fromBinary(ClientFrameSchema, data);
    this.commands.push(command);
    if (peer && this.command(peer, request, command)) this.carryOut(peer, request, command);
  }

  /** What the real server would do. */
  carryOut(peer: Peer, request: number, command: Command): void {
    switch (command.case) {
      case "send": {
        const { channel: id, nonce, body } = command.value;
        const channel = [...this.channels.values()].find((known) => known.id === id);
        if (!channel || !this.joined.has(channel.name)) {
          return peer.refuse(request, ErrorCode.NOT_A_MEMBER);
        }
        const first = this.#nonces.get(nonce);
        const message = first ?? this.say(channel.name, body);
        this.#nonces.set(nonce, message);
        const { seq } = message;
        const duplicate = first !== undefined;
        return peer.send({ case: "sent", value: { channel: id, seq, duplicate } }, request);
      }
      case "join": {
        const { name } = command.value;
        this.joined.add(name);
        const channel = this.describe(name);
        peer.live.add(channel.id);
        return peer.send({ case: "joined", value: { channel } }, request);
      }
      case "leave": {
        const { channel } = command.value;
        for (const { id, name } of this.channels.values()) {
          if (id === channel) this.joined.delete(name);
        }
        peer.live.delete(channel);
        return peer.send({ case: "left", value: { channel } }, request);
      }
      case "resume":
        return this.#resume(peer, request, command.value.cursors);
      case "readHistory": {
        const { channel, from, limit } = command.value;
        const known = [...this.channels.values()].find(({ id }) => id === channel);
        const end = from.case === "before" && from.value > 0 ? from.value - 1 : undefined;
        const messages = known?.messages.slice(0, end).slice(-limit) ?? [];
        return peer.send({ case: "historyPage", value: { channel, messages } }, request);
      }
      case "ping":
        return peer.send({ case: "pong", value: {} }, request);
      default:
        return peer.refuse(request, ErrorCode.UNIMPLEMENTED);
    }
  }

  #resume(peer: Peer, request: number, asked: { channel: number; after: number }[]): void {
    const cursors: { channel: number; after: number }[] = [];
    const refused: { channel: number; code: ErrorCode }[] = [];
    for (const name of this.joined) {
      const { id, messages } = this.channel(name);
      const after = asked.find(({ channel }) => channel === id)?.after ?? messages.length;
      if (after > messages.length) {
        refused.push({ channel: id, code: ErrorCode.CURSOR_AHEAD });
        continue;
      }
      this.deliverAfter(peer, name, after);
      peer.live.add(id);
      cursors.push({ channel: id, after: messages.length });
    }
    peer.send({ case: "resumed", value: { cursors, refused } }, request);
  }
}
