import type { Track } from "./integrity.ts";

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

/** What one connection waits for. Request numbers count up over all connections of a user. */
export class Requests {
  #last = 0;
  readonly sends = new Map<number, UnacknowledgedSend>();
  readonly #questions = new Map<number, Question>();

  send(send: UnacknowledgedSend): number {
    this.sends.set(++this.#last, send);
    return this.#last;
  }

  ask(question: Question): number {
    this.#questions.set(++this.#last, question);
    return this.#last;
  }

  /** The question that this answers, which is over then; undefined where there is none. */
  answered(request: number): Question | undefined {
    const question = this.#questions.get(request);
    this.#questions.delete(request);
    return question;
  }

  /** Whether a question of one of these kinds waits. */
  isAsking(...kinds: Question["kind"][]): boolean {
    for (const { kind } of this.#questions.values()) if (kinds.includes(kind)) return true;
    return false;
  }

  /** The connection is lost: returns the questions that nobody will answer now. */
  abandon(): Question[] {
    const questions = [...this.#questions.values()];
    this.#questions.clear();
    return questions;
  }
}
