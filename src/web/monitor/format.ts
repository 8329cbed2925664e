/** What a chart's values are. */
export type Unit = "ms" | "per second" | "cores" | "bytes" | "messages" | "people" | "sign-ins";

const KIB = 1024;
const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

const plain = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A value with its unit, as short as it can be read: `4.02 ms`, `1.2 s`, `118 MiB`, `12,300/s`. */
export function formatted(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  switch (unit) {
    case "ms":
      return inTime(value);
    case "bytes":
      return inBytes(value);
    case "per second":
      return `${number(value)}/s`;
    case "cores":
      return value.toFixed(2);
    default:
      return number(value);
  }
}

function number(value: number): string {
  return (value >= 100 ? whole : plain).format(value);
}

function inTime(ms: number): string {
  if (ms >= 1000) return `${plain.format(ms / 1000)} s`;
  if (ms >= 0.1 || ms === 0) return `${plain.format(ms)} ms`;
  return `${plain.format(ms * 1000)} µs`;
}

function inBytes(bytes: number): string {
  const power = Math.min(
    byteUnits.length - 1,
    Math.max(0, Math.floor(Math.log(Math.max(1, bytes)) / Math.log(KIB))),
  );
  return `${plain.format(bytes / KIB ** power)} ${byteUnits[power]}`;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** The time of day in the reader's zone. */
export function timeOfDay(timeMs: number, withSeconds: boolean): string {
  return (withSeconds ? exact : clock).format(timeMs);
}
