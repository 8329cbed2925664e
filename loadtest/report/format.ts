/** Numbers as people read them, the same in tables, pictures and terminals. English, grouped by commas. */

const grouped = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/** A number of things: `12,345`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}

/** About three significant digits, as a measurement deserves: `0.005`, `0.42`, `8.3`, `1,240`. */
export function formatMeasure(value: number): string {
  const size = Math.abs(value);
  if (size < 0.1) return String(Number(value.toPrecision(2)));
  if (size >= 99.95) return grouped.format(value);
  return value.toFixed(size >= 9.995 ? 1 : 2).replace(/\.?0+$/, "");
}

/** `8.3 ms`. */
export function formatMs(ms: number): string {
  return `${formatMeasure(ms)} ms`;
}

/** Load in cores: `0.42 cores`. */
export function formatCores(cores: number): string {
  const shown = cores.toFixed(2);
  return `${shown} ${shown === "1.00" ? "core" : "cores"}`;
}

/** `38 KiB`, `212 MiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const mib = bytes / 2 ** 20;
  if (Math.abs(mib) < 1) return `${formatMeasure(bytes / 2 ** 10)} KiB`;
  return mib < 1024 ? `${formatMeasure(mib)} MiB` : `${formatMeasure(mib / 1024)} GiB`;
}

/** `42 s`, `5 min 6 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${formatMeasure(seconds)} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** `1 message`, `2,000 messages`. */
export function formatNumberOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
