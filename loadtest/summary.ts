import type { Latency, Result, Stages } from "./result.ts";
import { slowestStage, stageNames } from "./stages.ts";

/** A result in a screenful, for people. */
export function summaryOf(result: Result): string {
  const { latencyMs, plateauLatencyMs, integrity, totals, volume, load, errors } = result;
  const { lost, doubled, reordered, examples } = integrity;
  const count = (value: number) => Math.round(value).toLocaleString("en");
  const rows = (latencies: Result["latencyMs"]) => [
    row("monitor ping", latencies.ping),
    row("ack", latencies.ack),
    row("delivery", latencies.delivery),
    row("sign-in", latencies.signIn),
  ];
  const lines = [
    "",
    `${result.verdict.toUpperCase()}: ${result.because}`,
    "",
    `                     p50       p90       p95       p99     p99.9       max  ms`,
    ...rows(latencyMs),
    ...(plateauLatencyMs ? ["on the plateau", ...rows(plateauLatencyMs)] : []),
    ...(result.resumeMs ? [row("resume", result.resumeMs)] : []),
    "",
    `users connected      ${count(totals.usersConnected)}, ${result.parameters.messagesPerUserSecond.toFixed(3)} messages a second each`,
    `messages             ${count(totals.messagesSent)} sent, ${count(totals.messagesAcknowledged)} acknowledged, ${count(totals.deliveries)} deliveries`,
    `volume               ${count(volume.plateauPerSecond)} deliveries/s on the plateau, ${count(volume.peakPerSecond)} at most`,
    `self-check           ${lost} lost, ${doubled} doubled, ${reordered} reordered`,
    `load on the plateau  server ${load.serverPlateau.toFixed(2)} cores, tester ${load.testerPlateau.toFixed(2)}; the tester's clock ran ${load.testerLatenessP99Ms.toFixed(0)} ms late (p99)`,
    `server's memory      ${count(load.serverPeakResidentBytes / 2 ** 20)} MiB at most`,
  ];
  if (result.memory) {
    lines.push(`memory/connection    ${count(result.memory.perConnectionBytes / 1024)} KiB`);
  }
  if (result.stagesMs) lines.push(...stageLines(result.stagesMs));
  const counted = Object.entries(errors).map(([code, times]) => `${code} ${count(times)}`);
  if (counted.length > 0) lines.push(`errors               ${counted.join(", ")}`);
  for (const example of examples) lines.push(`  ${example}`);
  for (const { percentile, atMostMs, actualMs, holds } of result.expectations) {
    const sign = holds ? "holds" : "BROKEN";
    lines.push(
      `expected             ${percentile} <= ${atMostMs} ms: ${actualMs.toFixed(1)}, ${sign}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function stageLines(stages: Stages): string[] {
  const names = Object.keys(stageNames) as (keyof Stages)[];
  const cells = names.map((name) => `${stageNames[name]} ${stages[name].p99.toFixed(2)}`);
  return [
    `the server's stages  ${cells.slice(0, 4).join(", ")},`,
    `  (p99, ms)          ${cells.slice(4).join(", ")}; the slowest: ${stageNames[slowestStage(stages)]}`,
  ];
}

function row(name: string, { count, p50, p90, p95, p99, p999, max }: Latency): string {
  if (count === 0) return `${name.padEnd(16)}  none`;
  const cells = [p50, p90, p95, p99, p999, max].map((value) => value.toFixed(1).padStart(8));
  return `${name.padEnd(16)}${cells.join("  ")}`;
}
