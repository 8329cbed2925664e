import type { Result, Verdict } from "../result.ts";
import type { ScenarioResult, Window } from "./result.ts";

export interface SignInsEvidence {
  /** Of the crowd that talked. */
  readonly run: Pick<Result, "verdict" | "because">;
  /** Scenarios that were asked for. */
  readonly asked: number;
  readonly results: readonly ScenarioResult[];
  readonly windows: readonly Window[];
}

/**
 * A message or a sign-in that went wrong weighs most. Ratios say nothing where the tester was the
 * bottleneck: a p99 without sign-ins that is too high lets the one with them look well. A median stands
 * as long as that is so in less than half of the pairs that it was taken of.
 */
export function signInsVerdict(evidence: SignInsEvidence): { verdict: Verdict; because: string } {
  const { run, asked, results, windows } = evidence;
  const faults = windows.flatMap(({ scenario, signIns }) => {
    return Object.entries(signIns?.faults ?? {}).map(
      ([code, count]) => `${count} x ${code} in ${scenario}`,
    );
  });
  if (run.verdict === "failed") return { verdict: run.verdict, because: run.because };
  if (faults.length > 0) {
    const because = `Sign-ins ended as they should not: ${faults.join(", ")}.`;
    return { verdict: "failed", because };
  }
  if (run.verdict === "interrupted") return { verdict: run.verdict, because: run.because };
  if (results.length < asked) {
    return { verdict: "failed", because: "In some scenario, no message was delivered." };
  }
  const bound = results.filter(({ pairs }) => {
    const those = pairs.filter(({ disturbedBy }) => disturbedBy.includes("the tester"));
    return those.length * 2 >= pairs.length;
  });
  if (run.verdict === "tester-bound" || bound.length > 0) {
    const list = bound.length === 0 ? "" : ` in half of the pairs of ${namesOf(bound)}`;
    return {
      verdict: "tester-bound",
      because: `The tester was the bottleneck${list}, no verdict.`,
    };
  }
  const broken = results.filter(({ holds }) => !holds);
  if (broken.length > 0) {
    const list = broken.map(
      ({ name, medianRatio, atMostRatio }) =>
        `${name} ${medianRatio.toFixed(2)}, not ${atMostRatio}`,
    );
    return { verdict: "failed", because: `Sign-ins slowed the messages down: ${list.join("; ")}.` };
  }
  return {
    verdict: "passed",
    because:
      "Every sign-in was answered as it should be, no message was lost, and all ratios hold.",
  };
}

function namesOf(results: readonly ScenarioResult[]): string {
  return results.map(({ name }) => name).join(", ");
}
