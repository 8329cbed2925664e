/**
 * An early figure: what a delivery costs Hubbub, beside raw `Bun.serve` publishing, in one run.
 *
 *     bun run loadtest/fanout/main.ts [connections]     Linux with two cores; takes about two minutes
 *
 * Both servers run on core 0 in turn, A B A B; this process runs on core 1. Prints a Markdown table.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hubbubCrowd } from "./hubbub_crowd.ts";
import { type Crowd, type Measurement, measure } from "./load.ts";
import { rawCrowd } from "./raw_crowd.ts";
import { startTarget, type Target } from "./target.ts";

const SERVER_CORE = 0;
const TESTER_CORE = 1;
const ROUNDS = 2;
const SECONDS = 5;
/** Messages a second of each connection: the standard workload's one in six seconds, and more. */
const RATES = [1 / 6, 10 / 6, 60 / 6];

const connections = Number(process.argv[2] ?? 425);
Bun.spawnSync(["taskset", "-a", "-p", "-c", String(TESTER_CORE), String(process.pid)]);

const folder = mkdtempSync(join(tmpdir(), "hubbub-fanout-"));
try {
  print([
    "server",
    "messages/s",
    "deliveries/s",
    "CPU us/delivery",
    "CPU load",
    "p50 ms",
    "p99 ms",
  ]);
  print(["---", "---:", "---:", "---:", "---:", "---:", "---:"]);
  for (let round = 1; round <= ROUNDS; round++) {
    await run(`Hubbub, run ${round}`, () => startHubbub(round), hubbubCrowd);
    await run(
      `raw Bun, run ${round}`,
      () => startTarget(SERVER_CORE, "loadtest/fanout/raw_server.ts"),
      rawCrowd,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

function startHubbub(round: number): Promise<Target> {
  const data = join(folder, `${round}.db`);
  return startTarget(
    SERVER_CORE,
    ...["src/main.ts", "serve", "--port", "0", "--data", data, "--log-format", "json"],
    ...["--messages-per-second", "1000000", "--message-burst", "1000000"],
    ...["--sessions-per-user", "10000"],
  );
}

async function run(
  name: string,
  start: () => Promise<Target>,
  gather: (url: string, connections: number) => Promise<Crowd>,
): Promise<void> {
  const target = await start();
  try {
    const crowd = await gather(target.url, connections);
    // The first seconds are the compiler's.
    await measure(crowd, target.cpuMs, connections * 1, 2);
    for (const rate of RATES) {
      report(name, await measure(crowd, target.cpuMs, connections * rate, SECONDS));
    }
    crowd.close();
  } finally {
    await target.stop();
  }
}

function report(name: string, result: Measurement): void {
  const { sent, deliveries, seconds, cpuMs, p50Ms, p99Ms, missing } = result;
  print([
    missing === 0 ? name : `${name} (${missing} missing)`,
    (sent / seconds).toFixed(0),
    (deliveries / seconds).toFixed(0),
    ((cpuMs * 1000) / deliveries).toFixed(2),
    (cpuMs / seconds / 1000).toFixed(2),
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
  ]);
}

function print(cells: string[]): void {
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}
