import { type Cell, markdownTable } from "./markdown.ts";
import { shownPlace } from "./places.ts";
import type { Cost, FunctionCost, ProfileTable } from "./table.ts";

/** Functions that are shown of each list. */
const SHOWN_FUNCTIONS = 20;

/** What the system's names for Bun's threads mean. */
const helperNames: Readonly<Record<string, string>> = {
  JITWorker: "JIT compiler",
  "ollector Thread": "garbage collector",
  HeapHelper: "garbage collector's helpers",
  "mi-scavenger": "memory allocator",
};

/** The table for people, in Markdown. */
export function tableText(table: ProfileTable): string {
  const { version, takenAt, seconds, samples, cpuMsPerSecond, functions } = table;
  const overhead = decimal(table.samplersMsPerSecond);
  const byTotal = [...functions].sort((a, b) => b.totalMsPerSecond - a.totalMsPerSecond);
  return `CPU profile of Hubbub ${version}, ${shownTime(takenAt)}: ${seconds.toFixed(1)} s, ${samples} samples.
The server used ${decimal(cpuMsPerSecond)} ms of CPU a second; taking the samples used ${overhead} more, which is left out.
Times are CPU time in ms a second.
${unfairness(table)}
${threadTable(table)}
${roomTable(table)}
Biggest self times:

${functionTable(functions)}
Biggest total times:

${functionTable(byTotal)}`;
}

/** A caution where the samples do not tell the truth; empty where they do. */
export function unfairness({ sampling }: ProfileTable): string {
  if (sampling !== "default") return "";
  return "\nThe system gave the sampler no preference: short stretches of JavaScript are missing below, and count\nas time outside of it. Run the server on Linux 6.12 or newer, or as a user who may use real-time priorities.\n";
}

function threadTable({ threads, helpers }: ProfileTable): string {
  const rows = threads.map((thread) => [
    thread.name,
    { number: decimal(thread.cpuMsPerSecond) },
    { number: decimal(thread.javascriptMsPerSecond) },
    { number: decimal(Math.max(0, thread.cpuMsPerSecond - thread.javascriptMsPerSecond)) },
  ]);
  const others = helpers.map(({ name, cpuMsPerSecond }) => [
    helperNames[name] ?? name,
    { number: decimal(cpuMsPerSecond) },
    { number: "" },
    { number: "" },
  ]);
  const columns = ["thread", ...["CPU", "in JavaScript", "outside of it"].map(numeric)];
  return markdownTable(columns, [...rows, ...others]);
}

function roomTable({ rooms }: ProfileTable): string {
  const columns = ["room", ...["self", "of all CPU", "total", "of all CPU"].map(numeric)];
  return markdownTable(
    columns,
    rooms.map((cost) => [cost.room, ...costCells(cost)]),
  );
}

function functionTable(functions: readonly FunctionCost[]): string {
  const columns = [
    ...["self", "of all CPU", "total", "of all CPU"].map(numeric),
    ...["function", "room", "thread", "where"],
  ];
  return markdownTable(
    columns,
    functions
      .slice(0, SHOWN_FUNCTIONS)
      .map((cost) => [...costCells(cost), cost.name, cost.room, cost.thread, shownPlace(cost)]),
  );
}

function costCells(cost: Cost): Cell[] {
  return [
    { number: decimal(cost.selfMsPerSecond) },
    { number: percent(cost.selfShare) },
    { number: decimal(cost.totalMsPerSecond) },
    { number: percent(cost.totalShare) },
  ];
}

export function numeric(number: string): Cell {
  return { number };
}

/** `2026-01-31 12:34:56 UTC` */
export function shownTime(iso: string): string {
  return `${iso.slice(0, 19).replace("T", " ")} UTC`;
}

export function decimal(value: number): string {
  return value.toFixed(1);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
