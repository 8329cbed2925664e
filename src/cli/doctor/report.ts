import { harmless } from "../harmless_text.ts";
import type { Finding, Level } from "./finding.ts";

const COLUMNS = 80;
/** Under which everything that is said of a finding stands. */
const INDENT = 20;

/** The exit code: 0 where all is right, 1 with warnings, 2 where something is to be mended. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const has = (level: Level) => findings.some((finding) => finding.level === level);
  return has("fail") ? 2 : has("warn") ? 1 : 0;
}

/** The findings as people read them, in 80 columns, and their sum. */
export function reportOf(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const [warnings, failures] = [count("warn"), count("fail")];
  const sum =
    warnings + failures === 0
      ? "All is right."
      : `${failures} to be mended, ${warnings} to be looked at, ${count("ok")} right.`;
  return `${findings.map(entryOf).join("\n")}\n\n${sum}\n`;
}

/** Names in it may come from a file that was in other hands. */
function entryOf({ level, about, text, advice }: Finding): string {
  const [first = "", ...rest] = [
    ...wrapped(harmless(text, "")),
    ...(advice === undefined ? [] : wrapped(`-> ${harmless(advice, "")}`)),
  ];
  const head = `${level.padEnd(4)}  ${about.padEnd(12)}  ${first}`;
  return [head, ...rest.map((line) => `${" ".repeat(INDENT)}${line}`)].join("\n");
}

/** A word that is too long for a line, such as a path, has one of its own. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && INDENT + line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
