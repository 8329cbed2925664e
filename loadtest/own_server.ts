import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Pool, writePool } from "./accounts.ts";
import { cleanEnvironment, importPool } from "./install_accounts.ts";

/** A process of the run could not be started, with a sentence that says why. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** A server that the load test started for itself. */
export interface OwnServer {
  readonly url: string;
  /** Resolves with its last words if it ends before it is stopped. */
  readonly ended: Promise<string>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

const PROGRAM = join(import.meta.dir, "../src/main.ts");
/** Virtual users talk faster than people where the time scale says so; their limits are not tested. */
const RAISED = [
  ...["messages-per-second", "message-burst", "commands-per-second", "command-burst"],
  // They all come from one address.
  "tries-per-minute",
];
/** Lines of its log that are kept for the case that it dies. */
const LAST_WORDS = 5;

/**
 * Starts a server with fresh data in a temporary folder (`TMPDIR` says where: a folder in memory
 * would make syncing look free), and with the pool's accounts.
 *
 * @param cpu the core to pin it to, or null.
 */
export async function startOwnServer(pool: Pool, cpu: number | null): Promise<OwnServer> {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-loadtest-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const data = join(folder, "hubbub.db");
    const file = join(folder, "pool.jsonl");
    writePool(file, pool);
    await importPool(file, data);
    return await start(data, pool.users.length, cpu, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

async function start(
  data: string,
  users: number,
  cpu: number | null,
  remove: () => void,
): Promise<OwnServer> {
  const pin = cpu === null ? [] : ["taskset", "-c", String(cpu)];
  const flags = [
    ...["--port", "0", "--data", data, "--log-format", "json", "--log-level", "info"],
    ...RAISED.flatMap((name) => [`--${name}`, "1000000"]),
    ...["--connections", String(users + 100), "--access-token-minutes", "60"],
    ...["--channels", String(users + 10_000)],
  ];
  const child = Bun.spawn([...pin, process.execPath, PROGRAM, "serve", ...flags], {
    stdout: "pipe",
    stderr: "pipe",
    env: cleanEnvironment(),
    // Of its own group, so that a Ctrl-C does not stop it under the users' feet.
    detached: true,
  });
  // However this process ends, the server does not outlive it.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const words: string[] = [];
  const listening = Promise.withResolvers<string>();
  const hear = (line: string) => {
    words.push(line);
    if (words.length > LAST_WORDS) words.shift();
    const url = addressIn(line);
    if (url !== undefined) listening.resolve(url);
  };
  const output = Promise.all([listen(child.stdout, hear), listen(child.stderr, hear)]);
  let isStopping = false;
  const ended = Promise.withResolvers<string>();
  void child.exited.then(async (code) => {
    await output;
    const text = `the server ended with ${child.signalCode ?? code}: ${words.join(" ")}`;
    listening.reject(new StartError(text));
    if (!isStopping) ended.resolve(text);
  });
  const url = await listening.promise;
  return {
    url,
    ended: ended.promise,
    async stop() {
      isStopping = true;
      child.kill("SIGTERM");
      await child.exited;
      process.off("exit", kill);
      remove();
    },
  };
}

async function listen(
  stream: ReadableStream<Uint8Array>,
  hear: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) hear(line);
  }
}

function addressIn(line: string): string | undefined {
  try {
    const { msg, url } = JSON.parse(line) as { msg?: unknown; url?: unknown };
    return msg === "listening" && typeof url === "string" ? url : undefined;
  } catch {
    return undefined;
  }
}
