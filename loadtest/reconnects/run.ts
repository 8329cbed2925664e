import { readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { fetchTicket } from "../../src/client/sign_in.ts";
import { makePool } from "../accounts.ts";
import { startOwnServer } from "../own_server.ts";
import { latencyOf } from "../percentiles.ts";
import type { Latency } from "../result.ts";
import { type Address, hubbubAddress, ticketAddress } from "../tester/address.ts";
import type { FromBystanders, Noticed, ToBystanders } from "./bystanders.ts";
import { Crowd } from "./crowd.ts";
import { installSessions, makeSecret } from "./installed_sessions.ts";

export interface ReconnectOptions {
  readonly count: number;
  readonly by: "token" | "ticket";
  /** Connections under way at any time. */
  readonly atOnce: number;
  /** Connections that talk to each other meanwhile. */
  readonly bystanders: number;
  readonly rounds: number;
  readonly serverCpu: number | null;
  readonly testerCpu: number | null;
}

/** One time that everybody came back. */
export interface Round {
  readonly seconds: number;
  /** CPU time of the server process, all its threads, in microseconds. */
  readonly cpuUsPerReconnect: number;
  /** The same for fetching the ticket; undefined by token. */
  readonly cpuUsPerTicket: number | undefined;
  /** From the handshake to the welcome. */
  readonly connect: Latency;
  readonly refusals: Readonly<Record<string, number>>;
  /** By the bystanders: before the others came, and while they did. */
  readonly calm: Noticed;
  readonly storm: Noticed;
}

/** CPU that the server takes while nobody arrives, in cores. */
export interface Reconnects {
  readonly atRestCores: number;
  readonly rounds: readonly Round[];
}

const SUBPROTOCOL = "hubbub.v1";
const CALM_MS = 3000;
/** Rounds that nobody counts: the compiler's. */
const WARM_UP_ROUNDS = 1;
/** Tickets fetched at a time. */
const TICKETS_AT_ONCE = 64;
/** Linux counts a process's CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100). */
const TICK_US = 10_000;

/** Lets `count` connections of as many accounts come to a server of its own, all at once. */
export async function runReconnects(
  options: ReconnectOptions,
  say: (line: string) => void,
): Promise<Reconnects> {
  const { count, bystanders, serverCpu, testerCpu } = options;
  if (testerCpu !== null) pin(testerCpu);
  // The monitor is one of the bystanders.
  const pool = makePool(count + bystanders - 1);
  const secret = makeSecret();
  let tokens: string[] = [];
  const settings = { "signing-secret": secret, "ticket-seconds": "300" };
  const server = await startOwnServer(pool, serverCpu, settings, (data) => {
    tokens = installSessions(data, [...pool.users, pool.monitor], secret);
  });
  // The bystanders' process goes first, so that what they see is the server's work and not ours.
  const others = await Bystanders.start(server.url, tokens.splice(count), testerCpu);
  setPriority(process.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  try {
    const before = cpuUsOf(server.pid);
    await Bun.sleep(CALM_MS);
    const atRestCores = (cpuUsOf(server.pid) - before) / 1000 / CALM_MS;
    const rounds: Round[] = [];
    for (let round = -WARM_UP_ROUNDS; round < options.rounds; round++) {
      const result = await oneRound(options, server, tokens, others, atRestCores);
      if (round < 0) continue;
      rounds.push(result);
      say(`round ${round + 1}: ${result.cpuUsPerReconnect.toFixed(1)} us CPU per reconnect`);
    }
    return { atRestCores, rounds };
  } finally {
    others.end();
    await server.stop();
  }
}

async function oneRound(
  { count, by, atOnce }: ReconnectOptions,
  { url, pid }: { readonly url: string; readonly pid: number },
  tokens: readonly string[],
  others: Bystanders,
  atRestCores: number,
): Promise<Round> {
  /** CPU per connection for some work, without what the bystanders cost. */
  const measured = async (work: () => Promise<void>) => {
    const [beganMs, beforeUs] = [performance.now(), cpuUsOf(pid)];
    await work();
    const seconds = (performance.now() - beganMs) / 1000;
    const cpuUs = cpuUsOf(pid) - beforeUs - atRestCores * seconds * 1e6;
    return { seconds, cpuUsEach: cpuUs / count };
  };

  let addresses = tokens.map((token) => hubbubAddress(url, token, SUBPROTOCOL));
  let cpuUsPerTicket: number | undefined;
  if (by === "ticket") {
    ({ cpuUsEach: cpuUsPerTicket } = await measured(async () => {
      addresses = await fetchTickets(url, tokens);
    }));
  }
  others.mark();
  await Bun.sleep(CALM_MS);
  const calm = await others.noticed();
  others.mark();
  const crowd = new Crowd();
  const { seconds, cpuUsEach } = await measured(() => crowd.enter(addresses, atOnce));
  const storm = await others.noticed();
  crowd.cut();
  await Bun.sleep(1000);
  return {
    seconds,
    cpuUsPerReconnect: cpuUsEach,
    cpuUsPerTicket,
    connect: latencyOf(crowd.latency),
    refusals: Object.fromEntries(crowd.refusals),
    calm,
    storm,
  };
}

async function fetchTickets(url: string, tokens: readonly string[]): Promise<Address[]> {
  const addresses: Address[] = [];
  let next = 0;
  const work = async () => {
    while (next < tokens.length) {
      const index = next++;
      const ticket = await fetchTicket(url, tokens[index] as string);
      addresses[index] = ticketAddress(url, ticket, SUBPROTOCOL);
    }
  };
  await Promise.all(Array.from({ length: TICKETS_AT_ONCE }, work));
  return addresses;
}

/** The process of those who are back already. */
class Bystanders {
  readonly #child: Bun.Subprocess;
  #heard = Promise.withResolvers<FromBystanders>();

  private constructor(pin: readonly string[]) {
    const program = join(import.meta.dir, "bystanders.ts");
    this.#child = Bun.spawn([...pin, process.execPath, program], {
      stdio: ["ignore", "inherit", "inherit"],
      ipc: (message: FromBystanders) => this.#heard.resolve(message),
    });
  }

  static async start(url: string, tokens: readonly string[], cpu: number | null) {
    const others = new Bystanders(cpu === null ? [] : ["taskset", "-c", String(cpu)]);
    await others.#next();
    await others.#ask({ kind: "begin", url, tokens });
    return others;
  }

  /** Forgets what was noticed so far. */
  mark(): void {
    this.#child.send({ kind: "mark" } satisfies ToBystanders);
  }

  async noticed(): Promise<Noticed> {
    const answer = await this.#ask({ kind: "tell" });
    if (answer.kind !== "noticed") throw new Error("loadtest/reconnects: nothing was told");
    return answer.noticed;
  }

  end(): void {
    this.#child.kill("SIGKILL");
  }

  #ask(message: ToBystanders): Promise<FromBystanders> {
    this.#child.send(message);
    return this.#next();
  }

  async #next(): Promise<FromBystanders> {
    const message = await this.#heard.promise;
    this.#heard = Promise.withResolvers();
    return message;
  }
}

/** CPU time of a process and its threads so far, in microseconds. */
function cpuUsOf(pid: number): number {
  // proc(5): after the name in brackets, fields 14 and 15 are user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ");
  return (Number(fields?.[11]) + Number(fields?.[12])) * TICK_US;
}

function pin(cpu: number): void {
  Bun.spawnSync(["taskset", "-a", "-p", "-c", String(cpu), String(process.pid)]);
}
