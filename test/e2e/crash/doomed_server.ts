import { join } from "node:path";
import { hubbub, type ServerProcess, startProcess } from "../../support/process.ts";

type Settings = NonNullable<Parameters<typeof startProcess>[1]>;

/** How the server is ended. */
export type Ending = "SIGKILL" | "SIGTERM" | "SIGTERM twice" | "SIGTERM, then SIGKILL";

/** A server that is ended and started again on the same file and the same port. */
export class DoomedServer {
  readonly #folder: string;
  readonly #tell: (fault: string) => void;
  #process: ServerProcess | undefined;
  #port = 0;

  /** @param tell told what the server itself shows to be wrong. */
  constructor(folder: string, tell: (fault: string) => void) {
    this.#folder = folder;
    this.#tell = tell;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get file(): string {
    return join(this.#folder, "hubbub.db");
  }

  /** Starts it and waits until it listens. */
  async start(settings: Settings): Promise<void> {
    // While it was away somebody else may have been given the port, which then passes.
    for (let triesLeft = 200; ; triesLeft--) {
      try {
        this.#process = await startProcess(this.#folder, { ...settings, port: this.#port });
        break;
      } catch (error) {
        if (triesLeft === 0 || !String(error).includes("is taken")) throw error;
        await Bun.sleep(100);
      }
    }
    this.#port = Number(new URL(this.#process.url).port);
  }

  /** Starts it and kills it before it has come far. */
  async startInVain(afterMs: number): Promise<void> {
    const child = Bun.spawn(hubbub("serve", "--data", this.file, "--port", String(this.#port)), {
      cwd: this.#folder,
      env: { PATH: process.env.PATH },
      stdout: "ignore",
      stderr: "ignore",
    });
    await Bun.sleep(afterMs);
    child.kill("SIGKILL");
    await child.exited;
  }

  /** Sends the first signal at once, and waits for the end. */
  async end(ending: Ending, secondAfterMs = 0): Promise<void> {
    const ended = this.#process;
    if (ended === undefined) return;
    const first = ending === "SIGKILL" ? "SIGKILL" : "SIGTERM";
    // Synchronous as far as the kill, so that it hits the moment.
    const exited = ended.end(first);
    if (ending === "SIGTERM twice" || ending === "SIGTERM, then SIGKILL") {
      await Bun.sleep(secondAfterMs);
      void ended.end(ending === "SIGTERM twice" ? "SIGTERM" : "SIGKILL");
    }
    const code = await exited;
    this.#process = undefined;
    // A second SIGTERM may come when the process listens to signals no more.
    const expected: Record<Ending, (number | string)[]> = {
      SIGKILL: ["SIGKILL"],
      SIGTERM: [0],
      "SIGTERM twice": [0, 1, "SIGTERM"],
      "SIGTERM, then SIGKILL": [0, "SIGKILL"],
    };
    if (!expected[ending].includes(code)) this.#tell(`${ending} ended the server with ${code}`);
    for (const line of ended.log) {
      const isGood = line.level === "info" || line.level === "debug";
      if (!isGood) this.#tell(`the server logged ${JSON.stringify(line)}`);
    }
  }
}
