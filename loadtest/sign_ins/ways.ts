import { mkdirSync } from "node:fs";
import { join } from "node:path";
import packageFile from "../../package.json" with { type: "json" };
import { makePool } from "../accounts.ts";
import { describeMachine, describeVersions } from "../machine.ts";
import { startOwnServer } from "../own_server.ts";
import { readServerCpu, type ServerCpu } from "../process_cpu.ts";
import type { Result } from "../result.ts";
import { StartError } from "../server_process.ts";
import type { ServerSettings } from "../server_settings.ts";
import { nowUs } from "../tester/clock.ts";
import { type Held, type Who, waysToSignIn } from "./each_way.ts";

/** Sign-ins under way at any time, each of another account. */
const AT_ONCE = 4;
/** The first of each way are the compiler's, and not counted. */
const WARM_UP_SHARE = 0.5;
/** The server's own housekeeping is measured for so long, and taken off. */
const IDLE_MS = 10_000;

/** What one way of signing in costs. CPU in microseconds for each. */
export interface Way {
  readonly name: string;
  readonly count: number;
  readonly serverUs: number;
  readonly hasherUs: number;
  /** From the first to the last, divided by their number. */
  readonly eachMs: number;
}

/** `ways.json`. */
export interface Ways {
  readonly formatVersion: 1;
  readonly startedAt: string;
  readonly machine: Result["machine"];
  readonly versions: Result["versions"];
  readonly serverCpu: number | null;
  /** Load of the server with nothing to do, in cores. */
  readonly idleLoad: number;
  readonly ways: readonly Way[];
}

/**
 * Measures what the server's process, and its hasher apart, spend on each way of signing in, with
 * nobody talking.
 *
 * @throws StartError where CPU time cannot be read, or a sign-in is refused.
 */
export async function measureWays(
  count: number,
  serverCpu: number | null,
  settings: ServerSettings,
  onWay: (name: string) => void,
): Promise<Ways> {
  const startedAt = new Date().toISOString();
  const pool = makePool(AT_ONCE);
  const server = await startOwnServer(pool, serverCpu, settings);
  try {
    const signers = pool.users.map((account) => ({ url: server.url, account, held: undefined }));
    const idleLoad = await loadAtRest(server.pid);
    const ways: Way[] = [];
    for (const [name, signInBy] of Object.entries(waysToSignIn)) {
      onWay(name);
      const { serverUs, hasherUs, tookUs } = await costOf(signInBy, count, signers, server.pid);
      ways.push({
        ...{ name, count, eachMs: tookUs / 1000 / count },
        serverUs: (serverUs - idleLoad * tookUs) / count,
        hasherUs: hasherUs / count,
      });
    }
    const versions = describeVersions(packageFile.version);
    const machine = describeMachine();
    return { formatVersion: 1, startedAt, machine, versions, serverCpu, idleLoad, ways };
  } finally {
    await server.stop();
  }
}

/** One of those who sign in again and again. */
interface Repeater extends Who {
  held: Held | undefined;
}

/** Of `count` sign-ins, together. */
async function costOf(
  signInBy: (who: Who) => Promise<Held>,
  count: number,
  repeaters: readonly Repeater[],
  pid: number,
): Promise<ServerCpu & { readonly tookUs: number }> {
  const repeat = async (times: number) => {
    let left = times;
    const work = async (repeater: Repeater) => {
      while (left-- > 0) repeater.held = await signInBy(repeater);
    };
    await Promise.all(repeaters.map(work));
  };
  await repeat(Math.ceil(count * WARM_UP_SHARE));
  const [before, beganUs] = [cpuOf(pid), nowUs()];
  await repeat(count);
  const [after, tookUs] = [cpuOf(pid), nowUs() - beganUs];
  return {
    serverUs: after.serverUs - before.serverUs,
    hasherUs: after.hasherUs - before.hasherUs,
    tookUs,
  };
}

/** Writes `ways.json` and `table.md`. */
export async function writeWays(ways: Ways, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await Bun.write(join(folder, "ways.json"), `${JSON.stringify(ways, undefined, 2)}\n`);
  await Bun.write(join(folder, "table.md"), waysText(ways));
}

/** The table, as Markdown. */
export function waysText({ ways, idleLoad }: Ways): string {
  const rows = ways.map(({ name, count, serverUs, hasherUs, eachMs }) => {
    const cells = [Math.round(serverUs), Math.round(hasherUs), count].map((value) =>
      value.toLocaleString("en"),
    );
    return `| ${name} | ${cells.join(" | ")} | ${eachMs.toFixed(2)} |\n`;
  });
  return [
    "| signed in by | server CPU us | hasher CPU us | sign-ins | ms each |\n|---|---:|---:|---:|---:|\n",
    ...rows,
    `\n${AT_ONCE} at a time, each request over a connection of its own. With nothing to do the server takes ${idleLoad.toFixed(4)} of a core, which is taken off.\n`,
  ].join("");
}

async function loadAtRest(pid: number): Promise<number> {
  const [before, beganUs] = [cpuOf(pid), nowUs()];
  await Bun.sleep(IDLE_MS);
  return (cpuOf(pid).serverUs - before.serverUs) / (nowUs() - beganUs);
}

function cpuOf(pid: number): ServerCpu {
  const cpu = readServerCpu(pid);
  if (cpu === undefined) throw new StartError("This system does not tell the server's CPU time.");
  return cpu;
}
