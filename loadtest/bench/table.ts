import { formatMeasure } from "../report/format.ts";

/** What is measured together, as it is printed and kept. */
export interface Table {
  readonly title: string;
  /** What a reader has to know: what is measured and what is not. */
  readonly note: string;
  /** The heading of each column of values, by the key that its values have. */
  readonly columns: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly name: string;
  /** By a column's key. Others are kept, too, but not printed. */
  readonly values: Readonly<Record<string, number>>;
}

/** The table in Markdown. */
export function printed({ title, note, columns, rows }: Table): string {
  const keys = Object.keys(columns);
  const lines = [
    ["", ...keys.map((key) => columns[key] as string)],
    ["---", ...keys.map(() => "---:")],
    ...rows.map(({ name, values }) => [name, ...keys.map((key) => cellOf(values[key]))]),
  ];
  const body = lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  return `\n### ${title}\n\n${note}\n\n${body}`;
}

function cellOf(value: number | undefined): string {
  return value === undefined ? "" : formatMeasure(value);
}
