import type { Result } from "./result.ts";

/** More decimals than this say nothing: loads to a ten-thousandth of a core. */
const DECIMALS = 4;

/** The text of result.json: one line for each second, so that it stays small and can be compared. */
export function resultText(result: Result): string {
  const { seconds, ...rest } = result;
  const head = JSON.stringify(rest, rounded, 2).slice(0, -"\n}".length);
  const lines = seconds.map((second) => `    ${JSON.stringify(second, rounded)}`);
  return `${head},\n  "seconds": [\n${lines.join(",\n")}\n  ]\n}\n`;
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toFixed(DECIMALS)) : value;
}
