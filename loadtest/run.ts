import { cpus } from "node:os";
import { type Account, makePool, type Pool, readPool } from "./accounts.ts";
import { assemble } from "./assemble.ts";
import type { Companion } from "./companion.ts";
import { Fleet } from "./fleet.ts";
import { Monitor } from "./monitor.ts";
import type { RunOptions } from "./options.ts";
import { startOwnServer } from "./own_server.ts";
import { profileOf } from "./profiles.ts";
import type { Progress } from "./progress.ts";
import type { Parameters, Result } from "./result.ts";
import { type ServerProcess, StartError } from "./server_process.ts";
import { nowUs } from "./tester/clock.ts";
import { Timeline } from "./timeline.ts";
import { testersFor } from "./volume_estimate.ts";

/** Between the word to start and the start, so that every process has heard it by then. */
const START_AHEAD_US = 500_000;
const SECOND_US = 1_000_000;

/** The run was interrupted before it had begun: there is nothing to report. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** Everybody has arrived. */
export interface Plateau {
  readonly url: string;
  /** The monitor, who is an admin of the run's own server. */
  readonly admin: Account;
}

/** What is done to the server beside a run; it takes a run with a server of its own. */
export interface Besides {
  /** Called when everybody has arrived. */
  readonly onPlateau?: (plateau: Plateau) => void;
  /** Goes on from then, and ends the run. */
  readonly companion?: Companion;
}

/**
 * One run: starts what is to be started, lets the users loose, watches, and puts the result
 * together. `interrupt` ends it early; the result then covers what there was.
 *
 * @throws PoolError; StartError; InterruptedError.
 */
export async function run(
  options: RunOptions,
  progress: Progress,
  interrupt: AbortSignal,
  besides: Besides = {},
): Promise<Result> {
  const { parameters, accounts } = options;
  const { users } = parameters;
  const { onPlateau, companion } = besides;
  const pool = accounts
    ? readPool(accounts, users)
    : makePool(users, onPlateau === undefined ? "monitor" : "admin");
  const server =
    parameters.url === null ? await startServer(pool, parameters, progress, companion) : undefined;
  try {
    return await runAgainst(server, pool, options, progress, interrupt, besides);
  } finally {
    await server?.stop();
  }
}

async function startServer(
  pool: Pool,
  { users, serverCpu, serverSettings = {} }: Parameters,
  progress: Progress,
  companion: Companion | undefined,
): Promise<ServerProcess> {
  const accounts = [...pool.users.slice(0, users), ...(companion?.accounts ?? [])];
  progress.step(`Starting a server with ${accounts.length.toLocaleString("en")} accounts.`);
  return startOwnServer({ ...pool, users: accounts }, serverCpu, serverSettings);
}

async function runAgainst(
  server: ServerProcess | undefined,
  pool: Pool,
  options: RunOptions,
  progress: Progress,
  interrupt: AbortSignal,
  { onPlateau, companion }: Besides,
): Promise<Result> {
  const { parameters } = options;
  const { users, testerCpu, encoding, holdUntilConnected } = parameters;
  const { behaviour } = profileOf(parameters.profile);
  const url = server?.url ?? (parameters.url as string);
  const cores = cpus().length;
  const testers = options.testers ?? testersFor(parameters, behaviour, cores);
  if (testerCpu !== null) pinThisProcess(testerCpu);

  const timeline = new Timeline(users, testers, holdUntilConnected, (second) =>
    progress.second(second),
  );
  const subprotocol = encoding === "protobuf" ? "hubbub.v1" : "hubbub.v1.json";
  const monitor = new Monitor(url, pool.monitor, subprotocol, (sample) => {
    timeline.ping(sample);
    companion?.ping(sample);
  });
  let startUs = 0;
  let cutTimer: ReturnType<typeof setTimeout> | undefined;
  const over = new AbortController();
  const besides = Promise.withResolvers<never>();
  besides.promise.catch(() => {});
  const fleet = new Fleet({
    prepared: (count) => {
      if (count % 100 === 0) progress.step(`${count} of ${users} users have their tokens.`);
    },
    second: (tester, report) => {
      timeline.report(tester, report);
      companion?.second(tester, report);
    },
    done: (tester) => timeline.done(tester),
    allArrived: () => {
      if (holdUntilConnected) {
        timeline.released(Math.floor((nowUs() - startUs) / SECOND_US));
        fleet.go(nowUs());
      }
      onPlateau?.({ url, admin: pool.monitor });
      if (behaviour.cutsOff) cutTimer = setTimeout(() => fleet.cut(), halfOfActionsMs(parameters));
      const { signal } = over;
      companion
        ?.accompany({ url, serverPid: server?.pid, startUs, testers, signal })
        .then(stop, besides.reject);
    },
  });
  const stop = () => {
    over.abort();
    fleet.stop();
  };
  try {
    const atRest = await monitor.connect();
    if (atRest === undefined) {
      progress.step(
        `${pool.monitor.name} is no monitor there: the server's own figures are missing.`,
      );
    }
    const members = pool.users.slice(0, users).map((account, index) => ({ index, account }));
    const plan = { url, parameters, behaviour, users: members };
    // Fetching tokens may take minutes.
    await Promise.race([fleet.start(plan, testers, testerCpu, cores), interrupted(interrupt)]);

    const startedAt = new Date(Date.now() + START_AHEAD_US / 1000).toISOString();
    startUs = nowUs() + START_AHEAD_US;
    fleet.begin(startUs);
    monitor.begin(startUs);
    progress.begin(expectedSeconds(parameters));
    interrupt.addEventListener("abort", stop);
    let serverEnded: string | undefined;
    void server?.ended.then((words) => {
      serverEnded = words;
      stop();
    });
    const outcome = await Promise.race([fleet.outcome(), besides.promise]);
    const durationSeconds = (nowUs() - startUs) / SECOND_US;
    await monitor.finish();
    return assemble({
      options,
      timeline,
      outcome,
      serverEnded,
      startedAt,
      durationSeconds,
      serverVersion: monitor.serverVersion,
      wasInterrupted: interrupt.aborted,
      atRestBytes: atRest?.residentBytes,
    });
  } finally {
    over.abort();
    clearTimeout(cutTimer);
    // The signal may outlive the run: the next one of several is told by it, too.
    interrupt.removeEventListener("abort", stop);
    fleet.end();
    monitor.end();
    progress.end();
  }
}

/** Rejects with an InterruptedError when the signal says so. */
function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = () => reject(new InterruptedError("interrupted"));
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
  });
}

/** @throws StartError where it cannot be. */
export function pinThisProcess(cpu: number): void {
  const { exitCode } = Bun.spawnSync([
    "taskset",
    "-a",
    "-p",
    "-c",
    String(cpu),
    String(process.pid),
  ]);
  if (exitCode !== 0) throw new StartError(`taskset cannot pin the tester to core ${cpu}`);
}

function halfOfActionsMs({ actions, betweenSeconds, timeScale }: Parameters): number {
  return (actions * betweenSeconds * 1000) / timeScale / 2;
}

/** How long everybody is there, if the server keeps up; 0 or less where some leave before others come. */
export function plateauSeconds(parameters: Parameters): number {
  const { users, actions, connectEverySeconds, startAfterSeconds, betweenSeconds } = parameters;
  const ramp = parameters.holdUntilConnected ? 0 : (users - 1) * connectEverySeconds;
  return (startAfterSeconds + actions * betweenSeconds - ramp) / parameters.timeScale;
}

/** From the first start to the last farewell, if the server keeps up. */
export function expectedSeconds(parameters: Parameters): number {
  const { users, actions, connectEverySeconds, startAfterSeconds, betweenSeconds } = parameters;
  const ramp = (users - 1) * connectEverySeconds;
  return (ramp + startAfterSeconds + actions * betweenSeconds) / parameters.timeScale;
}
