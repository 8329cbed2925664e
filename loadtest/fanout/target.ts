import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A server process that is measured from outside. */
export interface Target {
  readonly url: string;
  /** CPU time of the process and its threads so far, in ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Linux counts a process's CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100). */
const TICK_MS = 10;

/** Starts a server on one core and waits for the line that says where it listens. */
export async function startTarget(core: number, ...command: string[]): Promise<Target> {
  const child = Bun.spawn(["taskset", "-c", String(core), process.execPath, ...command], {
    cwd: join(import.meta.dir, "../.."),
    stdout: "pipe",
    stderr: "inherit",
  });
  const url = await addressOf(child.stdout);
  return {
    url,
    cpuMs() {
      // proc(5): after the name in brackets, fields 14 and 15 are user and system time.
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ");
      return (Number(fields?.[11]) + Number(fields?.[12])) * TICK_MS;
    },
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

async function addressOf(output: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of output) {
    text += decoder.decode(chunk, { stream: true });
    for (const line of text.split("\n").slice(0, -1)) {
      const event = JSON.parse(line) as { msg: string; url: string };
      if (event.msg === "listening") return event.url;
    }
  }
  throw new Error(`the server ended before it listened: ${text}`);
}
