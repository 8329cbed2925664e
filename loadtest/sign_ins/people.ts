import type { Account } from "../accounts.ts";
import type { SignerPlan } from "./messages.ts";
import { dueIn, type Scenario } from "./scenario.ts";

/** At a rate, this many take turns: more than can wait for their hash at a time. */
const MEMBERS_AT_A_RATE = 1000;
/** Names that wrong passwords are tried for; so many again do not exist. */
const TARGETS = 500;

/** Who signs in beside a run. */
export interface People {
  /** To be installed. They share a password, so that installing thousands costs one hash. */
  readonly accounts: readonly Account[];
  readonly plan: Omit<SignerPlan, "url">;
}

/** As many as the scenarios need: nobody is to sign in while waiting to be signed in already. */
export function peopleFor(scenarios: readonly Scenario[], windowSeconds: number): People {
  const right = scenarios.filter(({ password }) => password === "right");
  const members = namesOf(
    "member",
    Math.max(1, ...right.map((scenario) => membersFor(scenario, windowSeconds))),
  );
  const targets = scenarios.length === right.length ? [] : namesOf("target", TARGETS);
  const password = Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("base64url");
  return {
    accounts: [...members, ...targets].map((name) => ({ name, password, role: "user" })),
    plan: { password, members, targets: targets.flatMap((name) => [name, `no_${name}`]) },
  };
}

function membersFor(scenario: Scenario, windowSeconds: number): number {
  const due = dueIn(scenario, windowSeconds);
  return scenario.atOnce ?? Math.min(due, MEMBERS_AT_A_RATE);
}

function namesOf(stem: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${stem}_${String(index).padStart(5, "0")}`);
}
