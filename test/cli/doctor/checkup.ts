import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding, Level } from "../../../src/cli/doctor/finding.ts";
import { makeDatabase } from "../../store/backups/made_database.ts";
import { run } from "../../support/command.ts";
import { makeFolder, removeFolder } from "../../support/temp.ts";

/** A start of a process or two takes its time on a busy machine. */
export const PATIENCE_MS = 120_000;

/** What a stopped server leaves behind, as it should be: a folder of its owner's with a database. */
export interface Installation extends Disposable {
  /** The folder of the data. */
  readonly folder: string;
  readonly data: string;
  /** Beside it, for what is not data. */
  readonly outside: string;
}

export function install(messages = 20): Installation {
  const outside = makeFolder();
  const folder = join(outside, "data");
  mkdirSync(folder, { mode: 0o700 });
  const data = join(folder, "hubbub.db");
  makeDatabase(data, messages);
  chmodSync(data, 0o600);
  return { folder, data, outside, [Symbol.dispose]: () => removeFolder(outside) };
}

export interface Checkup {
  readonly code: number;
  readonly findings: readonly Finding[];
  /** The report for people, in which the lines of a finding are one. */
  readonly report: string;
  /** The worst that was found of something: level, text, advice. */
  of(about: string): Finding | undefined;
}

export interface CheckupOptions {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Put before the command. */
  readonly enter?: readonly string[];
  /** A folder that is to be as it was, afterwards. */
  readonly unchanged?: string;
}

/**
 * Runs the doctor twice, for people and for programs: both must say the same, in 80 columns and with the exit
 * code of the worst, nothing on standard error, and leave the folder as it was.
 */
export async function examine(data: string, options: CheckupOptions = {}): Promise<Checkup> {
  const { args = [], unchanged } = options;
  const before = unchanged === undefined ? undefined : tracesOf(unchanged);
  const isGiven = (flag: string) => args.some((arg) => arg.startsWith(`${flag}=`));
  // So that neither another server on this machine counts nor the limits of who tests.
  const unless = ["--port=0", "--connections=100"].filter(
    (arg) => !isGiven(arg.split("=")[0] ?? ""),
  );
  const settings = ["--data", data, ...unless];
  const { environment, enter } = options;
  const doctor = ["doctor", ...settings, ...args];
  const asJson = () => run([...doctor, "--json"], environment, "/", enter);
  const asText = () => run(doctor, environment, "/", enter);
  // What is mounted for one would be in the way of the other.
  const [told, shown] =
    enter === undefined
      ? await Promise.all([asJson(), asText()])
      : [await asJson(), await asText()];
  if (unchanged !== undefined) expect(tracesOf(unchanged)).toEqual(before as Traces);
  expect([told.err, shown.err]).toEqual(["", ""]);
  const findings = JSON.parse(told.out) as Finding[];
  const has = (level: Level) => findings.some((finding) => finding.level === level);
  const code = has("fail") ? 2 : has("warn") ? 1 : 0;
  expect([told.code, shown.code]).toEqual([code, code]);

  for (const line of shown.out.split("\n")) {
    // A path may be longer than a line.
    if (line.length > 80) expect(line.trim()).not.toMatch(/ .* /);
  }
  const report = shown.out.replaceAll(/\n {20}/g, " ");
  for (const { level, about, text, advice } of findings) {
    const words = [
      `${level.padEnd(4)}  ${about.padEnd(12)}  ${text}`,
      ...(advice ? [`-> ${advice}`] : []),
    ];
    expect(likeEachOther(report)).toContain(likeEachOther(words.join(" ")));
  }
  const levels: readonly Level[] = ["fail", "warn", "ok"];
  return {
    code,
    findings,
    report,
    of: (about) =>
      levels
        .flatMap((level) => findings.filter((finding) => finding.level === level))
        .find((finding) => finding.about === about),
  };
}

/** Between two runs the disk fills, and time passes. */
function likeEachOther(text: string): string {
  return text.replaceAll(/\d[\d,.]*/g, "1");
}

type Traces = Readonly<Record<string, unknown>>;

/** Everything of a folder that a program could change. */
export function tracesOf(folder: string): Traces {
  const names = [".", ...readdirSync(folder, { recursive: true, encoding: "utf8" })].sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name);
      // For root SQLite gives what it opens the owner that it has, and so another `ctime`.
      const { mode, uid, size, mtimeMs, ino } = lstatSync(path);
      const isFile = lstatSync(path).isFile();
      const hash = isFile ? createHash("sha256").update(readFileSync(path)).digest("hex") : "";
      return [name, { mode, uid, ino, mtimeMs, ...(isFile ? { size, hash } : {}) }];
    }),
  );
}
