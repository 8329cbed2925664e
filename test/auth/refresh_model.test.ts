import { expect, test } from "bun:test";
import fc from "fast-check";
import { InProcessStore } from "../support/in_process_store.ts";

/**
 * Refresh tokens against an owner whose tabs share one storage, a network that loses answers and
 * lets them overtake each other, and a thief who copied the storage. A failure prints its seed;
 * FUZZ_SEED repeats one.
 */

/** Some tabs refresh at once, from what the storage holds. */
interface OwnersTurn {
  readonly who: "owner";
  /** For each tab: what becomes of its answer. */
  readonly answers: readonly ("arrives" | "is lost")[];
  /** In which order the answers arrive: sorted by these. */
  readonly order: readonly number[];
}
/** The thief shows one of the tokens that he has. */
interface ThiefsTurn {
  readonly who: "thief";
  /** Which: 0 is the one he got last, 1 the one before, ... */
  readonly age: number;
}
/** The thief copies what the storage holds. */
interface Theft {
  readonly who: "theft";
}
type Turn = OwnersTurn | ThiefsTurn | Theft;

const SESSION = "family";

const ownersTurn: fc.Arbitrary<Turn> = fc.record({
  who: fc.constant("owner"),
  answers: fc.array(fc.constantFrom("arrives", "is lost"), { minLength: 1, maxLength: 4 }),
  order: fc.array(fc.nat(100), { minLength: 4, maxLength: 4 }),
});
const thiefsTurn: fc.Arbitrary<Turn> = fc.record({
  who: fc.constant("thief"),
  age: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(20) }),
});
const theft: fc.Arbitrary<Turn> = fc.constant({ who: "theft" });

/** A session and those who hold its tokens. */
class Family {
  readonly #store: InProcessStore;
  #storage: string;
  #nowMs = 0;
  /** What the thief has, the oldest first. */
  readonly #loot: string[] = [];
  /** What each got since the last theft. */
  readonly #gotSince = { owner: new Set<string>(), thief: new Set<string>() };
  /** Whether each has used something that he got since the last theft. */
  readonly hasGoneOn = { owner: false, thief: false };
  /** A refresh failed although the storage held what it was given. */
  ownerWasRefused = false;

  private constructor(store: InProcessStore, first: string) {
    this.#store = store;
    this.#storage = first;
  }

  static async begin(store: InProcessStore): Promise<Family> {
    await store.run("endSession", SESSION, 1);
    const session = { id: SESSION, accountId: 1, passwordHash: "none", epoch: 0, label: "" };
    const result = await store.run("beginSession", { ...session, nowMs: 0, expiresMs: 1000 });
    if (result.outcome !== "begun") throw new Error(result.outcome);
    return new Family(store, result.begun.refreshToken);
  }

  get hasEnded(): boolean {
    return !this.#store.reads.isLive(1, SESSION);
  }

  get isStolen(): boolean {
    return this.#loot.length > 0;
  }

  async play(turn: Turn): Promise<void> {
    if (turn.who === "theft") this.#steal();
    else if (turn.who === "owner") await this.#refreshTabs(turn);
    else await this.#refreshThief(turn);
  }

  #steal(): void {
    this.#loot.push(this.#storage);
    for (const who of ["owner", "thief"] as const) {
      this.#gotSince[who].clear();
      this.hasGoneOn[who] = false;
    }
  }

  /** Everybody reads the storage, then the server answers everybody, then the answers come in. */
  async #refreshTabs({ answers, order }: OwnersTurn): Promise<void> {
    const shown = this.#storage;
    const arriving: { token: string; at: number }[] = [];
    for (const [tab, fate] of answers.entries()) {
      const token = await this.#show(shown, "owner");
      if (token === undefined) this.ownerWasRefused = true;
      else if (fate === "arrives") arriving.push({ token, at: order[tab] as number });
    }
    for (const { token } of arriving.sort((a, b) => a.at - b.at)) {
      this.#storage = token;
    }
  }

  async #refreshThief({ age }: ThiefsTurn): Promise<void> {
    const shown = this.#loot.at(-1 - (age % this.#loot.length));
    if (shown === undefined) return;
    const token = await this.#show(shown, "thief");
    if (token !== undefined) this.#loot.push(token);
  }

  async #show(token: string, who: "owner" | "thief"): Promise<string | undefined> {
    // Each a ms later: of too many successors, the oldest are retired.
    this.#nowMs++;
    const times = { nowMs: this.#nowMs, expiresMs: this.#nowMs + 1000 };
    const result = await this.#store.run("rotateRefreshToken", { token, ...times });
    if (result.outcome !== "rotated") return undefined;
    if (this.#gotSince[who].has(token)) this.hasGoneOn[who] = true;
    if (this.isStolen) this.#gotSince[who].add(result.token);
    return result.token;
  }

  /** Each refreshes once with what he holds now. */
  async bothRefresh(): Promise<void> {
    await this.play({ who: "owner", answers: ["arrives"], order: [0] });
    await this.play({ who: "thief", age: 0 });
  }
}

async function makeStore(): Promise<InProcessStore> {
  const store = new InProcessStore();
  const account = { name: "ada", passwordHash: "none", role: "user", nowMs: 0 } as const;
  await store.run("createAccount", account);
  return store;
}

const options = {
  numRuns: 300,
  ...(process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) }),
};

test("tabs that refresh at once, and answers that are lost, log nobody out", async () => {
  const store = await makeStore();
  const turns = fc.array(ownersTurn, { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(turns, async (turns) => {
      const family = await Family.begin(store);
      for (const turn of turns) await family.play(turn);
      expect(family.ownerWasRefused).toBe(false);
      expect(family.hasEnded).toBe(false);
    }),
    options,
  );
  store.close();
});

test("a thief and the owner never both go on from what they got since the theft", async () => {
  const store = await makeStore();
  const turns = fc.array(fc.oneof(ownersTurn, thiefsTurn, theft), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(turns, async (turns) => {
      const family = await Family.begin(store);
      for (const turn of turns) {
        await family.play(turn);
        if (family.hasGoneOn.owner && family.hasGoneOn.thief) expect(family.hasEnded).toBe(true);
      }
      if (!family.isStolen) return;
      // Whatever came before: when each has refreshed twice more, it is over.
      await family.bothRefresh();
      await family.bothRefresh();
      expect(family.hasEnded).toBe(true);
    }),
    options,
  );
  store.close();
});
