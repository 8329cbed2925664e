import { contenders } from "./contenders.ts";
import type { Row } from "./row.ts";
import type { Baselines } from "./run.ts";
import { costAgainst, type Ratio } from "./summary.ts";

const columns = [
  "server",
  "round",
  "rate",
  "messages/s",
  "deliveries/s offered",
  "achieved",
  "CPU us/delivery",
  "x Hubbub",
  "x raw Bun",
  "server CPU",
  "tester CPU",
  "p50 ms",
  "p99 ms",
  "missing",
  "note",
];

export const tableHead = [
  line(columns),
  line(columns.map((name) => (name === "server" || name === "note" ? "---" : "---:"))),
].join("");

/** A line of the table; those before it are needed for the comparison. */
export function tableLine(row: Row, rows: readonly Row[]): string {
  const { latencyMs, seconds, missing, surplus } = row;
  const against = (name: "hubbub" | "raw-bun") => costAgainst(row, name, rows)?.toFixed(2) ?? "";
  return line([
    contenders[row.server].title,
    String(row.round),
    `${row.rate}`,
    perSecond(row.messages, seconds),
    perSecond(row.deliveriesOffered, seconds),
    perSecond(row.deliveries, seconds),
    row.serverCpuUsPerDelivery?.toFixed(2) ?? "",
    against("hubbub"),
    against("raw-bun"),
    row.serverLoad.toFixed(2),
    row.testerLoad.toFixed(2),
    latencyMs.p50.toFixed(1),
    latencyMs.p99.toFixed(1),
    surplus === 0 ? String(missing) : `${missing}, and ${surplus} too many`,
    noteOf(row),
  ]);
}

/** The table and what follows from it, as Markdown. */
export function baselinesText({ rows, ratios }: Pick<Baselines, "rows" | "ratios">): string {
  const lines = rows.map((row) => tableLine(row, rows)).join("");
  const follows = ratios.map(ratioLine).join("");
  return `${tableHead}${lines}${follows === "" ? "" : `\n${follows}`}`;
}

function noteOf(row: Row): string {
  const { settled, isSound, isServerBound, isTesterBound, isLate, unanswered } = row;
  const notes = [];
  if (isServerBound) notes.push("the server's limit");
  if (isTesterBound) notes.push("the tester's limit");
  if (isLate && !isServerBound && !isTesterBound) {
    notes.push("late, though neither had reached its limit: did other work run?");
  }
  if (settled === "late") notes.push("closed while messages were still coming");
  if (unanswered > 0) notes.push(`${unanswered} not acknowledged`);
  if (!isSound) notes.push("NOT SOUND");
  return notes.join("; ");
}

function ratioLine({ rate, against, ratio, isLimited }: Ratio): string {
  if (ratio === null) return "";
  const note = isLimited ? " (a row has a note: see there)" : "";
  return `- at ${rate} x the message rate a delivery costs Hubbub ${ratio.toFixed(2)} of what it costs ${contenders[against].title}${note}\n`;
}

function perSecond(count: number, seconds: number): string {
  return Math.round(count / seconds).toLocaleString("en");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |\n`;
}
