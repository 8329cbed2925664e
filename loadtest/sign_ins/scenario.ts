/** What is done in a window beside the messages; `name` as on the command line: `4/s`, `wrong-storm-10000`. */
export interface Scenario {
  readonly name: string;
  readonly password: "right" | "wrong";
  /** So many a second, at even distances; null: all at once, at the window's beginning. */
  readonly perSecond: number | null;
  /** How many all at once; null where they come at a rate. */
  readonly atOnce: number | null;
  /** The p99 of deliveries may be so many times what it is without. */
  readonly atMostRatio: number;
}

/** A wrong password is tried by programs: so many times as often as a right one. */
const WRONG_PER_RIGHT = 10;
/** Up to this rate of right passwords, deliveries must be next to untouched. */
const FEW_PER_SECOND = 4;
const AT_MOST_RATIO = { few: 1.1, many: 1.25 } as const;
const MOST = 100_000;

export const standardScenarios =
  "4/s,20/s,storm-1000,wrong-40/s,wrong-200/s,wrong-storm-10000" as const;

/** Reads `4/s`, `storm-1000`, `wrong-40/s`, `wrong-storm-10000`, or `none`; undefined for anything else. */
export function parseScenario(name: string): Scenario | undefined {
  // Nothing at all: shows by how much two windows differ by themselves.
  if (name === "none") return scenario(name, "right", 0, null);
  const [, wrong, rate, storm] = /^(wrong-)?(?:(\d+)\/s|storm-(\d+))$/.exec(name) ?? [];
  const count = Number(rate ?? storm);
  if (!(count >= 1 && count <= MOST)) return undefined;
  const password = wrong === undefined ? "right" : "wrong";
  return rate === undefined
    ? scenario(name, password, null, count)
    : scenario(name, password, count, null);
}

/** How many sign-ins are due in a window of that length. */
export function dueIn({ perSecond, atOnce }: Scenario, seconds: number): number {
  return atOnce ?? Math.floor((perSecond ?? 0) * seconds);
}

function scenario(
  name: string,
  password: Scenario["password"],
  perSecond: number | null,
  atOnce: number | null,
): Scenario {
  const asRight =
    (perSecond ?? Number.POSITIVE_INFINITY) / (password === "wrong" ? WRONG_PER_RIGHT : 1);
  const atMostRatio = asRight <= FEW_PER_SECOND ? AT_MOST_RATIO.few : AT_MOST_RATIO.many;
  return { name, password, perSecond, atOnce, atMostRatio };
}
