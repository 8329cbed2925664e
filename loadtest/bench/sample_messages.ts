import { uuidv7 } from "../../src/client/nonce.ts";
import { between, pick, seededRandom } from "../tester/random.ts";
import { words } from "../tester/words.ts";

/** As many different messages as a measurement goes through in turn: see `timeEach`. */
const COUNT = 64;
const random = seededRandom(1, 0);
const BEGAN_MS = 1_764_000_000_000;

/** A message of the standard workload: one to ten words, and a nonce as our client makes it. */
export interface SampleMessage {
  readonly request: number;
  readonly seq: number;
  readonly channel: number;
  readonly authorId: number;
  readonly author: string;
  readonly nonce: string;
  readonly timeMs: number;
  readonly body: string;
}

export const sampleMessages: readonly SampleMessage[] = Array.from(
  { length: COUNT },
  (_, index) => {
    const authorId = between(random, 1, 1000);
    const timeMs = BEGAN_MS + index * 10;
    return {
      request: between(random, 1, 5000),
      seq: between(random, 1, 100_000),
      channel: between(random, 1, 10),
      authorId,
      author: `user_${authorId}`,
      nonce: uuidv7(timeMs),
      timeMs,
      body: Array.from({ length: between(random, 1, 10) }, () => pick(random, words)).join(" "),
    };
  },
);

/** The test message of the earlier server's report. */
export interface SampleTestMessage {
  readonly name: string;
  readonly age: number;
  readonly randomFloat: number;
  readonly items: readonly string[];
}

export const sampleTestMessages: readonly SampleTestMessage[] = Array.from(
  { length: COUNT },
  () => ({
    name: `user_${between(random, 1, 1000)}`,
    age: between(random, 18, 90),
    randomFloat: random(),
    items: Array.from({ length: 5 }, () => pick(random, words)),
  }),
);
