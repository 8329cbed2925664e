import type { Table } from "./table.ts";
import type { Effort } from "./timing.ts";

/** Benches of one place, which run together. */
export interface Group {
  readonly summary: string;
  run(effort: Effort): Promise<Table[]>;
}
