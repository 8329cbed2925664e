import { type ComparedTables, changeOf, type Difference } from "./compared.ts";
import { type Cell, markdownTable } from "./markdown.ts";
import { decimal, numeric, percent } from "./table_text.ts";

const SHOWN_FUNCTIONS = 30;

/** Before and after for people, in Markdown. */
export function compareText(names: readonly string[], tables: ComparedTables): string {
  const { server, rooms, functions } = tables;
  return `Self times in ms of CPU a second, before (${names[0]}) and after (${names[1]}); the biggest changes first.
Under another load everything changes: compare profiles of the same run.

${markdownTable(
  ["room", ...timeColumns()],
  [...rooms, server].map((difference) => [difference.name, ...timeCells(difference)]),
)}
${markdownTable(
  [...timeColumns(), "function", "room", "thread", "file"],
  functions
    .slice(0, SHOWN_FUNCTIONS)
    .map((difference) => [
      ...timeCells(difference),
      ...[difference.name, difference.room, difference.thread, difference.file],
    ]),
)}`;
}

function timeColumns(): Cell[] {
  return ["before", "of all CPU", "after", "of all CPU", "change"].map(numeric);
}

function timeCells({ before, after }: Difference): Cell[] {
  return [
    { number: decimal(before.msPerSecond) },
    { number: percent(before.share) },
    { number: decimal(after.msPerSecond) },
    { number: percent(after.share) },
    { number: signed(changeOf({ before, after })) },
  ];
}

export function signed(change: number): string {
  const text = decimal(Math.abs(change));
  return text === "0.0" ? text : `${change < 0 ? "-" : "+"}${text}`;
}
