import { type Compared, changeOf, differencesOf, latenciesOf, measuresFor } from "./compared.ts";
import { shortCommit, verdictWords } from "./headline.ts";

/** A table as rows of text: the first is the heading, the first of each row is its name. */
export type Rows = readonly (readonly string[])[];

/** Who is compared: when each ran, in which version, and how it ended. */
export function runRows(compared: readonly Compared[]): Rows {
  return [
    ["Run", "Started", "Hubbub", "Commit", "Verdict"],
    ...compared.map(({ name, result }) => [
      name,
      result.startedAt.slice(0, 16).replace("T", " "),
      result.versions.hubbub,
      shortCommit(result.versions),
      verdictWords[result.verdict],
    ]),
  ];
}

export function differenceRows(compared: readonly Compared[]): Rows {
  const differences = differencesOf(compared.map(({ result }) => result));
  return [
    ["Asked for", ...compared.map(({ name }) => name)],
    ...differences.map(({ name, values }) => [name, ...values]),
  ];
}

/** The figures of each run, and how each but the first differs from the first. */
export function measureRows(compared: readonly Compared[]): Rows {
  const results = compared.map(({ result }) => result);
  const [first] = compared;
  if (first === undefined) return [];
  return [
    [
      "Figure",
      ...compared.flatMap(({ name }, index) =>
        index === 0 ? [name] : [name, `against ${first.name}`],
      ),
    ],
    ...measuresFor(results).map((measure) => {
      const cells = results.flatMap((result, index) => {
        const value = measure.of(result);
        const shown = value === null ? "not known" : measure.format(value);
        return index === 0 ? [shown] : [shown, changeOf(measure, first.result, result)];
      });
      return [measure.name, ...cells];
    }),
  ];
}

/** What a reader has to bear in mind: sentences. */
export function caveatsOf(compared: readonly Compared[]): string[] {
  const results = compared.map(({ result }) => result);
  const bound = compared.filter(({ result }) => result.verdict === "tester-bound");
  return [
    `Latencies were taken ${latenciesOf(results).over}. Differences below 3% are called about the same.`,
    ...bound.map(
      ({ name }) =>
        `${name}: the tester was the bottleneck, so this says nothing about the server.`,
    ),
  ];
}

/** All of it for a terminal, in columns: the differences in what was asked for come first. */
export function compareText(compared: readonly Compared[]): string {
  const differences = differenceRows(compared);
  const asked =
    differences.length === 1
      ? "All ran with the same parameters on the same kind of machine.\n"
      : `These ran under different conditions; mind what you compare:\n\n${aligned(differences, "left")}`;
  return [
    aligned(runRows(compared), "left"),
    asked,
    aligned(measureRows(compared), "right"),
    `${caveatsOf(compared).join("\n")}\n`,
  ].join("\n");
}

/** Lines of columns; all but the first column to that side. */
function aligned(rows: Rows, side: "left" | "right"): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || side === "left" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
