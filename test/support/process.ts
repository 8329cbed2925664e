import { join, resolve } from "node:path";
import type { SettingName } from "../../src/config.ts";
import { flagOf } from "../../src/config.ts";

const ROOT = join(import.meta.dir, "../..");
/** A compiled program to test in place of the sources: a path from the repository's root. */
const compiled = process.env.TESTED_PROGRAM;
/** Whether it is: then no test can look inside of a server, for each is a process of its own. */
export const isCompiled: boolean = compiled !== undefined;

/** A server in a process of its own, to be killed. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Lines of the log so far, as objects. */
  readonly log: Record<string, unknown>[];
  /** Sends a signal and waits for the end; returns the exit code, or the signal that ended it. */
  end(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<number | string>;
  signal(signal: "SIGTERM" | "SIGINT"): void;
  readonly exited: Promise<number | string>;
}

type Settings = Partial<Record<SettingName, string | number>>;

/** The command that runs `hubbub` with these arguments, from the sources or compiled. */
export function hubbub(...args: readonly string[]): string[] {
  if (compiled !== undefined) return [resolve(ROOT, compiled), ...args];
  return [process.execPath, join(ROOT, "src/main.ts"), ...args];
}

/**
 * Starts a server process and waits until it listens. Rejects with its last words if it does not.
 *
 * @param enter put before the command, where the folder is not seen from everywhere.
 * @param program the command, where it is not the program that is tested.
 */
export async function startProcess(
  folder: string,
  settings: Settings = {},
  enter: readonly string[] = [],
  program = hubbub,
): Promise<ServerProcess> {
  const all = { port: 0, data: join(folder, "hubbub.db"), logFormat: "json", ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => [
    flagOf(name as SettingName),
    String(value),
  ]);
  const child = Bun.spawn([...enter, ...program("serve", ...flags)], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdout: "pipe",
    stderr: "pipe",
  });
  const exited = child.exited.then((code) => child.signalCode ?? code);
  const log: Record<string, unknown>[] = [];
  const listening = Promise.withResolvers<string>();
  void (async () => {
    for await (const line of lines(child.stdout)) {
      const event = JSON.parse(line) as Record<string, unknown>;
      log.push(event);
      if (event.msg === "listening") listening.resolve(event.url as string);
    }
    const words = await new Response(child.stderr).text();
    listening.reject(new Error(`the server ended: ${words}`));
  })();
  // Whoever ends it before it listens has no use for the address.
  listening.promise.catch(() => {});
  const url = await listening.promise;
  return {
    url,
    pid: child.pid,
    log,
    exited,
    signal: (signal) => child.kill(signal),
    end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() as string;
    yield* parts;
  }
}
