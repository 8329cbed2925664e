/** A process of the run could not be started, with a sentence that says why. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** A server's process that the load test started. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Resolves with its last words if it ends before it is stopped. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** Lines of its output that are kept for the case that it dies. */
const LAST_WORDS = 5;

/**
 * Starts a server that prints a line of JSON with `"msg":"listening"` and its `url`, and waits for
 * that line.
 *
 * @param cpu the core to pin it to, or null.
 * @throws StartError with its last words where it ends before.
 */
export async function startServerProcess(
  command: readonly string[],
  environment: Record<string, string>,
  cpu: number | null,
): Promise<ServerProcess> {
  const pin = cpu === null ? [] : ["taskset", "-c", String(cpu)];
  const child = Bun.spawn([...pin, ...command], {
    stdout: "pipe",
    stderr: "pipe",
    env: environment,
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
    process.off("exit", kill);
    await output;
    const text = `the server ended with ${child.signalCode ?? code}: ${words.join(" ")}`;
    listening.reject(new StartError(text));
    if (!isStopping) ended.resolve(text);
  });
  const url = await listening.promise;
  return {
    url,
    pid: child.pid,
    ended: ended.promise,
    async stop() {
      isStopping = true;
      child.kill("SIGTERM");
      await child.exited;
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
