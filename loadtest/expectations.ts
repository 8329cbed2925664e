import type { Expectation, Latency } from "./result.ts";

/** What a run should keep to, on the delivery latency. */
export type Target = Pick<Expectation, "percentile" | "atMostMs">;

/** The targets that the earlier server was held to. */
export const standardTargets = "p90<=200,p95<=500,p99<=1000";

const percentiles = ["p50", "p90", "p95", "p99", "p999", "max"] as const;

/** Reads `p90<=200,p95<=500`: percentiles and ms. Undefined where it is not that. */
export function parseTargets(text: string): Target[] | undefined {
  const targets: Target[] = [];
  for (const part of text.split(",")) {
    const [, name, limit] = /^\s*(\w+(?:\.9)?)\s*<=\s*(\d+(?:\.\d+)?)\s*$/.exec(part) ?? [];
    const percentile = percentiles.find((known) => known === name?.replace(".", ""));
    if (percentile === undefined || limit === undefined) return undefined;
    targets.push({ percentile, atMostMs: Number(limit) });
  }
  return targets;
}

/** An expectation of deliveries that never came does not hold. */
export function judge(targets: readonly Target[], delivery: Latency): Expectation[] {
  return targets.map(({ percentile, atMostMs }) => {
    const actualMs = delivery[percentile];
    return { percentile, atMostMs, actualMs, holds: delivery.count > 0 && actualMs <= atMostMs };
  });
}
