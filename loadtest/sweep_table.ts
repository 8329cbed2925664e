import { type Medians, mediansOf, sweepNotes, sweepSentence } from "./report/swept.ts";
import type { Sweep, SweepRun } from "./sweep.ts";
import { exitCodes } from "./verdict.ts";

/** The sentence, the table of all runs with each value's medians, and what is to be borne in mind: Markdown. */
export function sweepText(sweep: Sweep): string {
  const rows = sweep.values.flatMap((value) => {
    const runs = sweep.runs.filter((run) => run.value === value);
    const medians = mediansOf(runs);
    return [...runs.map(sweepRow), ...(medians && runs.length > 1 ? [medianRow(medians)] : [])];
  });
  const notes = sweepNotes(sweep).map((note) => `\n${note}\n`);
  return `${sweepSentence(sweep)}\n\n${sweepHeader(sweep.setting)}${rows.join("")}${notes.join("")}`;
}

export function sweepHeader(setting: string): string {
  const columns = [
    ...[setting, "round", "deliveries/s", "p50 ms", "p90 ms", "p99 ms"],
    ...["server CPU", "tester CPU", "CPU us/delivery", "verdict"],
  ];
  return `| ${columns.join(" | ")} |\n|${"---:|".repeat(columns.length - 1)}---|\n`;
}

export function sweepRow(run: SweepRun): string {
  return row(run, String(run.round), run.verdict);
}

function medianRow(medians: Medians): string {
  return row(medians, "median", "");
}

function row(figures: Medians, round: string, verdict: string): string {
  const { value, volumePerSecond, serverLoad, testerLoad, cpuMicroseconds } = figures;
  const cells = [
    value,
    round,
    Math.round(volumePerSecond).toLocaleString("en"),
    ...[figures.p50Ms, figures.p90Ms, figures.p99Ms].map((ms) => ms.toFixed(1)),
    serverLoad.toFixed(3),
    testerLoad.toFixed(3),
    cpuMicroseconds === null ? "" : cpuMicroseconds.toFixed(2),
    verdict,
  ];
  return `| ${cells.join(" | ")} |\n`;
}

/** What `sweep` exits with: the worst that happened in it. */
export function sweepExitCode({ end, runs }: Sweep): number {
  if (end === "interrupted") return exitCodes.interrupted;
  const verdicts = new Set(runs.map(({ verdict }) => verdict));
  if (end === "broken" || verdicts.has("failed")) return exitCodes.failed;
  return verdicts.has("tester-bound") ? exitCodes["tester-bound"] : exitCodes.passed;
}
