import {
  type CommandFields,
  type CommandName,
  encodeCommand,
  type Subprotocol,
} from "../../src/client/frames.ts";
import { encodeSend } from "./client_frames.ts";
import type { Track } from "./integrity.ts";
import type { TesterSocket } from "./socket.ts";

/** A message that the server has not acknowledged. It is sent again after a reconnect. */
export interface UnacknowledgedSend {
  readonly dueUs: number;
  readonly channel: number;
  readonly nonce: string;
  readonly body: string;
}

/** A command whose answer decides how the user goes on. It is not repeated. */
export type Question =
  | { readonly kind: "resume" }
  | { readonly kind: "join"; readonly name: string }
  /** `owed`: the channel's head when the leave was sent. */
  | {
      readonly kind: "leave";
      readonly name: string;
      readonly track: Track;
      readonly owed: number;
    }
  /** The last ping: what was owed of each channel when it was sent. */
  | { readonly kind: "farewell"; readonly owed: ReadonlyMap<Track, number> };

/** What one user asks and has to be answered. Requests count up over all its connections. */
export class Conversation {
  readonly #subprotocol: Subprotocol;
  readonly #sends = new Map<number, UnacknowledgedSend>();
  readonly #questions = new Map<number, Question>();
  #socket: TesterSocket | undefined;
  #lastRequest = 0;

  constructor(subprotocol: Subprotocol) {
    this.#subprotocol = subprotocol;
  }

  /** From here on, everything is said on this connection. */
  continueOn(socket: TesterSocket): void {
    this.#socket = socket;
  }

  send(send: UnacknowledgedSend): void {
    this.#sends.set(++this.#lastRequest, send);
    this.#put(this.#lastRequest, send);
  }

  /** Sends everything again that was not acknowledged. */
  repeatSends(): void {
    for (const [request, send] of this.#sends) this.#put(request, send);
  }

  /** The send that was answered, which is over then; undefined where there is none. */
  sendAnswered(request: number): UnacknowledgedSend | undefined {
    const send = this.#sends.get(request);
    this.#sends.delete(request);
    return send;
  }

  ask<Name extends CommandName>(question: Question, name: Name, fields: CommandFields<Name>): void {
    const request = ++this.#lastRequest;
    this.#questions.set(request, question);
    this.#socket?.send(encodeCommand(this.#subprotocol, request, name, fields));
  }

  join(name: string): void {
    this.ask({ kind: "join", name }, "join", { name });
  }

  /** Whether a question of one of these kinds waits. */
  isAsking(...kinds: Question["kind"][]): boolean {
    for (const { kind } of this.#questions.values()) if (kinds.includes(kind)) return true;
    return false;
  }

  /** The question that was answered, which is over then; undefined where there is none. */
  answered(request: number): Question | undefined {
    const question = this.#questions.get(request);
    this.#questions.delete(request);
    return question;
  }

  /** Sends that the server has left without any answer. */
  get unansweredSends(): number {
    return this.#sends.size;
  }

  /** The connection is lost: returns the questions that nobody will answer now. */
  lost(): Question[] {
    this.#socket = undefined;
    const questions = [...this.#questions.values()];
    this.#questions.clear();
    return questions;
  }

  /** Cuts the connection. */
  cut(): void {
    this.#socket?.cut();
  }

  /** Closes the connection in order. */
  close(): void {
    this.#socket?.close();
  }

  #put(request: number, { channel, nonce, body }: UnacknowledgedSend): void {
    this.#socket?.send(encodeSend(this.#subprotocol, request, channel, nonce, body));
  }
}
