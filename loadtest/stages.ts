import type { Figures, Summary } from "../src/wire/gen/hubbub/v1/events_pb.ts";
import type { Stage, Stages } from "./result.ts";

/** The stages of a message's life, from a monitor's pong. */
export function stagesOf(figures: Figures): Stages {
  return {
    decode: stageOf(figures.decodeMs),
    checks: stageOf(figures.checksMs),
    batchWait: stageOf(figures.batchWaitMs),
    handOver: stageOf(figures.handOverMs),
    commit: stageOf(figures.commitMs),
    publish: stageOf(figures.publishMs),
    drain: stageOf(figures.drainMs),
  };
}

function stageOf(summary: Summary | undefined): Stage {
  return { p50: summary?.p50 ?? 0, p99: summary?.p99 ?? 0 };
}

/** What people call each stage, in the order of a message's life. */
export const stageNames: Readonly<Record<keyof Stages, string>> = {
  decode: "decode",
  checks: "checks",
  batchWait: "wait for the batch",
  handOver: "hand-over to the writer",
  commit: "commit",
  publish: "publish",
  drain: "drain",
};

/** The stage that made the tail: the one with the highest 99th percentile. */
export function slowestStage(stages: Stages): keyof Stages {
  const names = Object.keys(stageNames) as (keyof Stages)[];
  return names.reduce((slowest, name) => (stages[name].p99 > stages[slowest].p99 ? name : slowest));
}
