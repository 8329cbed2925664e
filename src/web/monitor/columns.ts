import { errorName } from "../../wire/codes.ts";
import type { FiguresHistory } from "../../wire/gen/hubbub/v1/events_pb.ts";

type KeysOf<Value> = {
  [Key in keyof FiguresHistory]-?: FiguresHistory[Key] extends Value ? Key : never;
}[keyof FiguresHistory];

type ScalarKey = Exclude<KeysOf<number[]>, "timeMs">;
type DistributionKey = Exclude<
  KeysOf<{ readonly mean: number[] } | undefined>,
  "$typeName" | "$unknown"
>;

/** What a column of history is called in the page: `core.0`, `refused.RATE_LIMITED`, `pathMs.p99`. */
export type ColumnKey =
  | ScalarKey
  | `${DistributionKey}.${"mean" | "p50" | "p99"}`
  | `core.${number}`
  | `refused.${string}`;

/** The columns of an answer by name; each has a value for each row, NaN where there was none. */
export function columnsOf(history: FiguresHistory): ReadonlyMap<ColumnKey, readonly number[]> {
  const { timeMs, cores, refusals, ...fields } = history;
  const columns = new Map<ColumnKey, readonly number[]>();
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) columns.set(name as ScalarKey, value as number[]);
    else if (typeof value === "object" && "p99" in value) {
      const { mean, p50, p99 } = value as Record<"mean" | "p50" | "p99", number[]>;
      columns.set(`${name as DistributionKey}.mean`, mean);
      columns.set(`${name as DistributionKey}.p50`, p50);
      columns.set(`${name as DistributionKey}.p99`, p99);
    }
  }
  cores.forEach(({ load }, index) => {
    columns.set(`core.${index}`, load);
  });
  for (const { code, count } of refusals) columns.set(`refused.${errorName(code)}`, count);
  return columns;
}
