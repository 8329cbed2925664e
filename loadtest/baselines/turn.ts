import { join } from "node:path";
import { makePool } from "../accounts.ts";
import type { ServerProcess } from "../server_process.ts";
import { type ContenderName, contenders } from "./contenders.ts";
import type { FromTester, Measurement, Plan } from "./messages.ts";

const PROGRAM = join(import.meta.dir, "tester.ts");

/** A measurement did not come about, with a sentence that says why. */
export class TurnError extends Error {
  override readonly name = "TurnError";
}

/** What one turn does beside choosing its server. */
export interface Turn extends Pick<Plan, "messagesPerUserSecond" | "seconds" | "warmUp" | "seed"> {
  readonly users: number;
  /** The cores that they are pinned to. */
  readonly serverCpu: number;
  readonly testerCpu: number;
}

/**
 * Measures one server at one rate. The server and the tester are new ones: no backlog and no
 * compiled code of an earlier turn gets into this one.
 *
 * @throws StartError; TurnError; what `interrupt` was aborted with.
 */
export async function takeTurn(
  name: ContenderName,
  turn: Turn,
  interrupt: AbortSignal,
): Promise<Measurement> {
  const { users, serverCpu, testerCpu, ...plan } = turn;
  const contender = contenders[name];
  const pool = makePool(users);
  const server = await contender.start(pool, serverCpu);
  try {
    const { dialect } = contender;
    const { url, pid } = server;
    return await driveFrom(
      { ...plan, dialect, url, serverPid: pid, accounts: pool.users },
      testerCpu,
      server,
      interrupt,
    );
  } finally {
    await server.stop();
  }
}

async function driveFrom(
  plan: Plan,
  cpu: number,
  server: ServerProcess,
  interrupt: AbortSignal,
): Promise<Measurement> {
  interrupt.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Measurement>();
  const tester = Bun.spawn(["taskset", "-c", String(cpu), process.execPath, PROGRAM], {
    stdio: ["ignore", "inherit", "inherit"],
    serialization: "advanced",
    ipc: (message: FromTester) => {
      if (message.kind === "hello") tester.send(plan);
      else if (message.kind === "measured") resolve(message.measurement);
      else reject(new TurnError(message.why));
    },
    onExit: (_, code, signal) =>
      reject(new TurnError(`the tester process ended with ${signal ?? code}`)),
  });
  const stop = () => reject(interrupt.reason);
  interrupt.addEventListener("abort", stop);
  void server.ended.then((words) => reject(new TurnError(words)));
  try {
    return await promise;
  } finally {
    interrupt.removeEventListener("abort", stop);
    tester.kill("SIGKILL");
    await tester.exited;
  }
}
