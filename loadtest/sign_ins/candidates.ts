import type { Attempt } from "./attempt.ts";
import type { SignerPlan } from "./messages.ts";

/** RFC 2544 sets 198.18.0.0/15 apart for tests such as this one. */
const FIRST_ADDRESS = (198 << 24) | (18 << 16);
const ADDRESSES = 1 << 17;
/**
 * Networks that wrong passwords come from: so many that none of them uses up its allowance of 60 tries
 * a minute, and a prime, so that no network meets a name again before all others have.
 */
export const WRONG_NETWORKS = 1009;
/** Apart from those of the members. */
const FIRST_WRONG_ADDRESS = 1 << 16;

/** Hands out who tries next. Members take turns, as do targets and networks. */
export class Candidates {
  readonly #plan: SignerPlan;
  #right = 0;
  #wrong = 0;

  constructor(plan: SignerPlan) {
    this.#plan = plan;
  }

  next(password: "right" | "wrong"): Attempt {
    const { members, targets, password: right } = this.#plan;
    if (password === "right") {
      const index = this.#right++ % members.length;
      const name = members[index] as string;
      return { name, password: right, isRight: true, address: addressOf(index) };
    }
    const number = this.#wrong++;
    return {
      name: targets[number % targets.length] as string,
      password: `not ${right}`,
      isRight: false,
      address: addressOf(FIRST_WRONG_ADDRESS + (number % WRONG_NETWORKS)),
    };
  }
}

function addressOf(index: number): string {
  const address = FIRST_ADDRESS + (index % ADDRESSES);
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
