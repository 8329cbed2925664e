import { binary } from "../../src/wire/binary.ts";
import {
  type Channel,
  ErrorCode,
  type Message,
  type Resumed,
} from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import type { ClientFrame, Event } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { json } from "../../src/wire/json.ts";
import { Connection } from "./connection.ts";
import type { Random } from "./random.ts";
import type { Accepted, Server } from "./server.ts";
import { decodeFrame } from "./stream.ts";
import type { Verdict } from "./verdict.ts";

interface Said {
  readonly nonce: string;
  readonly channel: number;
  readonly body: string;
}

interface Options {
  readonly account: number;
  /** Sets this client's nonces apart from those of the account's other clients. */
  readonly id: number;
  readonly random: Random;
  readonly verdict: Verdict;
}

/**
 * A naive client. It knows the last number seen of each channel and what it said without an
 * answer; it resumes from the one and repeats the other. Of each channel that it follows it must
 * see every message after its first, in order, over all of its connections.
 */
export class Client {
  readonly #options: Options;
  connection: Connection | undefined;
  /** The last number seen, by channel. */
  readonly last = new Map<number, number>();
  readonly #unanswered = new Map<string, Said>();
  #said: Said[] = [];
  #nonces = 0;
  #isTurnedAway = false;

  constructor(options: Options) {
    this.#options = options;
  }

  get isWelcome(): boolean {
    return this.connection?.isWelcome === true;
  }

  get hasOutbound(): boolean {
    return (this.connection?.outbound.length ?? 0) > 0;
  }

  /** There is something to read: a frame, or the end of the connection. */
  get hasInbound(): boolean {
    const socket = this.connection?.end.socket;
    return socket !== undefined && (socket.hasFrames || !socket.isOpen);
  }

  /** Caught up, with every question answered; or there is no place for it. */
  get isAtRest(): boolean {
    const { connection } = this;
    if (connection === undefined) return this.#isTurnedAway;
    if (!connection.isWelcome || connection.needsResume) return false;
    return connection.waiting.size === 0 && this.#unanswered.size === 0;
  }

  connect(server: Server): void {
    const encoding = this.#options.random.chance(0.2) ? json : binary;
    const end = server.accept(this.#options.account, encoding);
    this.#isTurnedAway = end === undefined;
    if (end !== undefined) this.connection = new Connection(end, encoding);
  }

  /** The network fails: what was on its way is gone. Returns the server's end, which is still open. */
  disconnect(): Accepted | undefined {
    const end = this.connection?.end;
    this.connection = undefined;
    return end;
  }

  /** The server's process has died. Some of what it sent may still arrive. */
  serverDied(): void {
    const socket = this.connection?.end.socket;
    if (socket === undefined) return;
    socket.cut();
    while (socket.hasFrames && this.#options.random.chance(0.7)) this.read();
    this.connection = undefined;
  }

  /** Reads the next frame, or sees the end of the connection. */
  read(): void {
    const end = this.connection?.end;
    const frame = end?.socket.read();
    if (end === undefined) return;
    if (frame !== undefined) {
      for (const event of decodeFrame(frame)) this.#take(event);
      // Bun tells of every bit of progress, not only of the end.
      if (end.socket.isOpen) end.session.drained();
    } else if (!end.socket.isOpen) {
      // The server's end of a lost connection learns of it now.
      end.socket.close(1006);
      this.connection = undefined;
    }
  }

  /** Resumes if that is needed, and repeats what was not answered. */
  recover(): void {
    const { connection } = this;
    if (!connection?.isWelcome) return;
    const waiting = [...connection.waiting.values()];
    if (connection.needsResume && !waiting.some((command) => command.case === "resume")) {
      const cursors = [...connection.channels].flatMap((channel) => {
        const after = this.last.get(channel);
        return after === undefined ? [] : [{ channel, after }];
      });
      connection.needsResume = false;
      connection.ask({ case: "resume", value: { cursors } });
    }
    const asked = new Set(
      waiting.map((command) => (command.case === "send" ? command.value.nonce : "")),
    );
    for (const said of this.#unanswered.values()) {
      if (!asked.has(said.nonce)) connection.ask({ case: "send", value: said });
    }
  }

  /** Asks for something at random. */
  act(channelNames: readonly string[]): void {
    const { connection } = this;
    if (!connection?.isWelcome) return;
    const { random } = this.#options;
    const channel = this.#anyChannel(connection);
    const choice = random.weighted({
      send: 50,
      sayAgain: 3,
      join: 10,
      leave: 6,
      list: 1,
      members: 2,
      history: 4,
      ping: 3,
      watch: 8,
      typing: 4,
      rewind: 3,
      nothing: 0.3,
      garbage: 0.3,
    });
    switch (choice) {
      case "send":
        return this.#say(connection, channel);
      case "sayAgain":
        return this.#sayAgain(connection, channel);
      case "join":
        return connection.ask({ case: "join", value: { name: random.pick(channelNames) } });
      case "leave":
        return connection.ask({ case: "leave", value: { channel } });
      case "list":
        return connection.ask({ case: "listChannels", value: { limit: random.below(3) } });
      case "members":
        return connection.ask({ case: "listMembers", value: { channel } });
      case "history":
        return this.#readHistory(connection, channel);
      case "ping":
        return connection.ask({ case: "ping", value: {} });
      case "watch": {
        const channels = Array.from({ length: random.below(6) }, () =>
          this.#anyChannel(connection),
        );
        return connection.ask({ case: "watch", value: { channels } });
      }
      case "typing":
        return connection.ask({ case: "typing", value: { channel } });
      case "rewind":
        return this.#rewind(connection);
      case "nothing":
        return connection.ask({ case: undefined });
      case "garbage":
        return connection.speakGarbage();
    }
  }

  #say(connection: Connection, channel: number): void {
    const { random, account, id } = this.#options;
    const nonce = `${account}.${id}.${this.#nonces++}`;
    const said = { nonce, channel, body: `${nonce}${"!".repeat(random.below(60))}` };
    this.#unanswered.set(nonce, said);
    this.#said = [...this.#said.slice(-20), said];
    connection.ask({ case: "send", value: said });
  }

  /** An old nonce, now and then with something else behind it. */
  #sayAgain(connection: Connection, channel: number): void {
    const { random } = this.#options;
    const old = this.#said[random.below(this.#said.length)];
    if (old === undefined) return;
    const value = random.chance(0.3) ? { ...old, channel, body: "something else" } : old;
    connection.ask({ case: "send", value });
  }

  #readHistory(connection: Connection, channel: number): void {
    const { random } = this.#options;
    const value = random.below((this.last.get(channel) ?? 3) + 2);
    const from = random.pick([
      { case: "before", value } as const,
      { case: "after", value } as const,
      { case: undefined } as const,
    ]);
    connection.ask({ case: "readHistory", value: { channel, from, limit: random.below(6) } });
  }

  /** Resumes from some earlier place, and from places that do not exist. */
  #rewind(connection: Connection): void {
    const { random } = this.#options;
    const cursors = [...connection.channels]
      .filter(() => random.chance(0.6))
      .map((channel) => ({ channel, after: random.below((this.last.get(channel) ?? 0) + 1) }));
    if (random.chance(0.1)) cursors.push({ channel: random.below(9), after: random.below(9) });
    if (random.chance(0.1)) cursors.push({ channel: this.#anyChannel(connection), after: 999_999 });
    connection.ask({ case: "resume", value: { cursors } });
  }

  #anyChannel(connection: Connection): number {
    const { random } = this.#options;
    const isMember = connection.channels.size > 0 && random.chance(0.9);
    return isMember ? random.pick([...connection.channels]) : random.below(9);
  }

  #take({ request, event }: Event): void {
    const { connection } = this;
    if (connection === undefined) return;
    const command = connection.waiting.get(request);
    connection.waiting.delete(request);
    switch (event.case) {
      case "welcome":
        return this.#meet(connection, event.value.channels);
      case "message":
        return this.#see(connection, event.value);
      case "historyBegins": {
        const { channel, first } = event.value;
        const last = this.last.get(channel);
        if (last !== undefined) this.last.set(channel, Math.max(last, first - 1));
        return;
      }
      case "joined":
        return this.#join(connection, event.value.channel as Channel);
      case "left":
        connection.channels.delete(event.value.channel);
        this.last.delete(event.value.channel);
        return;
      case "sent":
        if (command?.case === "send") this.#unanswered.delete(command.value.nonce);
        return;
      case "resumed":
        return this.#resumed(connection, event.value);
      case "error":
        return this.#refused(connection, command);
    }
  }

  #meet(connection: Connection, channels: readonly Channel[]): void {
    connection.isWelcome = true;
    for (const { id } of channels) connection.channels.add(id);
    for (const id of this.last.keys()) if (!connection.channels.has(id)) this.last.delete(id);
  }

  #join(connection: Connection, { id, head }: Channel): void {
    connection.channels.add(id);
    if (!this.last.has(id)) this.last.set(id, head);
  }

  #see(connection: Connection, { channel, seq }: Message): void {
    const last = this.last.get(channel) ?? seq - 1;
    if (seq <= last) return;
    if (seq === last + 1) this.last.set(channel, seq);
    else if (!connection.isResuming) {
      this.#options.verdict.must(false, `${channel}/${seq} was seen after ${channel}/${last}`);
    }
  }

  #resumed(connection: Connection, { cursors, refused }: Resumed): void {
    for (const { channel, after } of cursors) {
      if (!this.last.has(channel)) this.last.set(channel, after);
    }
    if (refused.some(({ code }) => code === ErrorCode.CURSOR_AHEAD)) connection.needsResume = true;
  }

  #refused(connection: Connection, command: ClientFrame["command"] | undefined): void {
    if (command?.case === "resume") connection.needsResume = true;
    // Some clients give up, some try again under the same nonce.
    if (command?.case === "send" && this.#options.random.chance(0.7)) {
      this.#unanswered.delete(command.value.nonce);
    }
  }
}
