import { median } from "./pairs.ts";
import type { ScenarioResult, SignIns, Window } from "./result.ts";

const windowColumns = [
  ...["sign-ins", "round", "p50 ms", "p99 ms", "max ms", "deliveries/s"],
  ...["disk still", "server CPU", "hasher CPU", "tester CPU"],
  ...["due", "signed in", "told when", "told wrong", "faults"],
  ...["sign-in p50 ms", "p99 ms", "last answer s"],
];
/** Of the table of windows. */
export const windowHeader = headerOf(windowColumns);

/** The verdict, the ratios of each scenario, and all windows in order: Markdown. */
export function signInsText(signIns: SignIns): string {
  const { verdict, because, scenarios, windows, integrity, windowSeconds } = signIns;
  const { lost, doubled, reordered } = integrity;
  const pairs = Math.max(0, ...scenarios.map((scenario) => scenario.pairs.length));
  const numbers = Array.from({ length: pairs }, (_, pair) => `pair ${pair + 1}`);
  const columns = [
    ...["sign-ins", ...numbers, "median", "at most", "", "undisturbed", "due", "signed in"],
    ...["told when", "told wrong", "faults"],
  ];
  return [
    `${verdict.toUpperCase()}: ${because}`,
    "",
    restText(windows),
    `Messages: ${lost} lost, ${doubled} doubled, ${reordered} reordered.`,
    "",
    `Delivery p99 with sign-ins over p99 without, in windows of ${windowSeconds} s next to each other:`,
    "",
    `${headerOf(columns)}${scenarios.map((scenario) => scenarioRow(scenario, pairs)).join("")}`,
    `${disturbancesText(scenarios)}\n`,
    "All windows, in order:",
    "",
    `${windowHeader}${windows.map(windowRow).join("")}`,
  ].join("\n");
}

export function windowRow(window: Window): string {
  const { scenario, round, deliveryMs, deliveriesPerSecond, signIns } = window;
  const { serverLoad, hasherLoad, testerLoad, signerLoad, diskStillShare } = window;
  const load = (value: number | null) => value?.toFixed(2) ?? "";
  const outcome =
    signIns === null
      ? Array<string>(8).fill("")
      : [
          ...[signIns.due, signIns.signedIn, signIns.toldWhen, signIns.toldWrong].map(count),
          faultsText(signIns.faults),
          ...(signIns.signInMs.count > 0
            ? [signIns.signInMs.p50.toFixed(0), signIns.signInMs.p99.toFixed(0)]
            : ["", ""]),
          (Math.max(signIns.signInMs.max, signIns.refusalMs.max) / 1000).toFixed(1),
        ];
  return rowOf([
    scenario ?? "-",
    String(round),
    ...[deliveryMs.p50, deliveryMs.p99, deliveryMs.max].map((ms) => ms.toFixed(1)),
    count(deliveriesPerSecond),
    diskStillShare === null ? "" : `${(diskStillShare * 100).toFixed(1)}%`,
    ...[load(serverLoad), load(hasherLoad), load(testerLoad + signerLoad)],
    ...outcome,
  ]);
}

function scenarioRow(scenario: ScenarioResult, pairs: number): string {
  const { name, medianRatio, atMostRatio, holds, faults } = scenario;
  const { undisturbedMedianRatio } = scenario;
  const ratios = Array.from({ length: pairs }, (_, index) => {
    const pair = scenario.pairs[index];
    return pair === undefined ? "" : `${pair.ratio.toFixed(2)}${isDisturbed(pair) ? "*" : ""}`;
  });
  return rowOf([
    ...[name, ...ratios],
    medianRatio.toFixed(2),
    atMostRatio.toFixed(2),
    holds ? "holds" : "BROKEN",
    undisturbedMedianRatio?.toFixed(2) ?? "none",
    ...[scenario.due, scenario.signedIn, scenario.toldWhen, scenario.toldWrong].map(count),
    faultsText(faults),
  ]);
}

/** Which pairs count in a median though something else made their p99s. */
function disturbancesText(scenarios: readonly ScenarioResult[]): string {
  const list = scenarios.flatMap(({ name, pairs }) => {
    return pairs.flatMap((pair, index) => {
      return isDisturbed(pair) ? [`${name} ${index + 1} by ${pair.disturbedBy.join(" and ")}`] : [];
    });
  });
  if (list.length === 0) return "No pair is known to have been disturbed.";
  return `* disturbed, and counted in the median all the same; *undisturbed* is the median of the others: ${list.join(", ")}.`;
}

function isDisturbed({ disturbedBy }: ScenarioResult["pairs"][number]): boolean {
  return disturbedBy.length > 0;
}

/** How it was while nobody signed in: what the windows differ by of themselves stands beside the ratios. */
function restText(windows: readonly Window[]): string {
  const without = windows.filter(({ scenario }) => scenario === null);
  if (without.length === 0) return "There was no window without sign-ins.";
  const p99s = without.map(({ deliveryMs }) => deliveryMs.p99);
  const middle = (values: readonly number[]) => median(values) ?? 0;
  const load = middle(without.map(({ serverLoad }) => serverLoad ?? 0)).toFixed(2);
  const volume = count(middle(without.map((window) => window.deliveriesPerSecond)));
  return `Without sign-ins: server ${load} of a core, ${volume} deliveries/s, p99 ${middle(p99s).toFixed(1)} ms (medians of ${p99s.length} windows; the p99 lay between ${Math.min(...p99s).toFixed(1)} and ${Math.max(...p99s).toFixed(1)}).`;
}

function faultsText(faults: Readonly<Record<string, number>>): string {
  const list = Object.entries(faults).map(([code, times]) => `${code} ${count(times)}`);
  return list.length === 0 ? "0" : list.join(", ");
}

function headerOf(columns: readonly string[]): string {
  return `| ${columns.join(" | ")} |\n|---|${"---:|".repeat(columns.length - 1)}\n`;
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}
