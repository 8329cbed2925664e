import type { FiguresHistory } from "../../wire/gen/hubbub/v1/events_pb.ts";
import { type ColumnKey, columnsOf } from "./columns.ts";

/** Rows further apart than so many steps have a gap between them: the server was down, or its rows are lost. */
const GAP_STEPS = 2.5;
/** So many rows in which nothing was measured are bridged by the line; more are a gap. */
const BRIDGED_ROWS = 10;

/** What a chart draws: null is a gap, undefined a row that the line passes over. */
export type Drawn = number | null | undefined;

/** A part of a timeline: rows `from` up to the newest, with gaps where there are no rows. */
export interface View {
  /** Seconds since the Unix epoch, ascending. */
  readonly timesS: readonly number[];
  column(key: ColumnKey): readonly Drawn[];
}

/**
 * The rows of one step that this page has been told, at most `capacity` of them. It outlives restarts
 * of the server, whose own history does not.
 */
export class Timeline {
  readonly stepMs: number;
  readonly #capacity: number;
  readonly #timesMs: number[] = [];
  readonly #columns = new Map<ColumnKey, number[]>();
  #bootId = "";
  /** The number of the newest row that the server's present run has told. */
  after = 0;

  constructor(stepSeconds: number, capacity: number) {
    this.stepMs = stepSeconds * 1000;
    this.#capacity = capacity;
  }

  get timesMs(): readonly number[] {
    return this.#timesMs;
  }

  /** Undefined while the server has told of no such thing. */
  column(key: ColumnKey): readonly number[] | undefined {
    return this.#columns.get(key);
  }

  keys(): ColumnKey[] {
    return [...this.#columns.keys()];
  }

  /** The newest value that is one; NaN where there is none among the last few rows. */
  latest(key: ColumnKey): number {
    const column = this.#columns.get(key) ?? [];
    const recent = column.slice(-BRIDGED_ROWS);
    return recent.findLast((value) => !Number.isNaN(value)) ?? Number.NaN;
  }

  /** A server that was started again numbers its rows from 1. */
  serverIs(bootId: string): void {
    if (bootId !== this.#bootId) this.after = 0;
    this.#bootId = bootId;
  }

  append(history: FiguresHistory): void {
    const { timeMs, first } = history;
    if (timeMs.length === 0) return;
    this.after = first + timeMs.length - 1;
    // The server's clock was set back: what lies after its present is forgotten.
    const newestMs = this.#timesMs.at(-1) ?? 0;
    if ((timeMs[0] as number) <= newestMs) this.#clear();
    const before = this.#timesMs.length;
    this.#timesMs.push(...timeMs);
    const told = columnsOf(history);
    for (const [key, values] of told) this.#columnOf(key, before).push(...values);
    for (const column of this.#columns.values()) {
      while (column.length < this.#timesMs.length) column.push(Number.NaN);
    }
    const excess = this.#timesMs.length - this.#capacity;
    if (excess <= 0) return;
    for (const column of [this.#timesMs, ...this.#columns.values()]) column.splice(0, excess);
  }

  /** The rows after a time, as charts want them. */
  view(fromMs: number): View {
    const from = this.#timesMs.findIndex((timeMs) => timeMs > fromMs);
    const begin = from < 0 ? this.#timesMs.length : from;
    const timesS: number[] = [];
    /** For each drawn row the index of its row here; -1 for a gap. */
    const rows: number[] = [];
    for (let row = begin; row < this.#timesMs.length; row++) {
      const timeMs = this.#timesMs[row] as number;
      const previousMs = this.#timesMs[row - 1] ?? timeMs;
      if (row > begin && timeMs - previousMs > GAP_STEPS * this.stepMs) {
        timesS.push((previousMs + this.stepMs) / 1000);
        rows.push(-1);
      }
      timesS.push(timeMs / 1000);
      rows.push(row);
    }
    return { timesS, column: (key) => drawn(rows, this.#columns.get(key)) };
  }

  #clear(): void {
    this.#timesMs.length = 0;
    this.#columns.clear();
  }

  /** A column that is told of for the first time, such as a code's, has no values before. */
  #columnOf(key: ColumnKey, rowsBefore: number): number[] {
    let column = this.#columns.get(key);
    if (column === undefined) {
      column = Array<number>(rowsBefore).fill(Number.NaN);
      this.#columns.set(key, column);
    }
    return column;
  }
}

function drawn(rows: readonly number[], column: readonly number[] | undefined): Drawn[] {
  const values: Drawn[] = rows.map((row) => {
    const value = row < 0 ? null : column?.[row];
    return typeof value === "number" && Number.isNaN(value) ? undefined : value;
  });
  for (let begin = 0; begin < values.length; begin++) {
    if (values[begin] !== undefined) continue;
    let end = begin;
    while (end < values.length && values[end] === undefined) end++;
    if (end - begin > BRIDGED_ROWS) values.fill(null, begin, end);
    begin = end;
  }
  return values;
}
