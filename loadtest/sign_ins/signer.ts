import { join } from "node:path";
import { StartError } from "../server_process.ts";
import type { FromSigner, SignerPlan, StreamOrder, StreamReport, ToSigner } from "./messages.ts";

const PROGRAM = join(import.meta.dir, "process.ts");

/** The process that signs in beside a run. */
export class Signer {
  readonly #child: Bun.Subprocess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<never>();
  #isEnded = false;
  #streamed = Promise.withResolvers<StreamReport>();

  /** @param cpu the core to pin it to, or null. */
  constructor(plan: SignerPlan, cpu: number | null) {
    const pin = cpu === null ? [] : ["taskset", "-c", String(cpu)];
    this.#child = Bun.spawn([...pin, process.execPath, PROGRAM], {
      stdio: ["ignore", "inherit", "inherit"],
      serialization: "advanced",
      ipc: (message: FromSigner) => {
        if (message.kind === "streamed") return this.#streamed.resolve(message.report);
        this.#tell({ kind: "plan", plan });
        this.#ready.resolve();
      },
      onExit: (_, code, signal) => {
        if (this.#isEnded) return;
        const text = `the process that signs in ended with ${signal ?? code}`;
        this.#ended.reject(new StartError(text));
      },
      // Bun keeps to 256 requests at a time otherwise.
      env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "65336" },
    });
    // Whoever waits for it later hears of it then.
    this.#ended.promise.catch(() => {});
  }

  /** Resolves when it takes orders. */
  get ready(): Promise<void> {
    return Promise.race([this.#ready.promise, this.#ended.promise]);
  }

  /** Resolves when all of them have been answered. One order at a time. */
  stream(order: StreamOrder): Promise<StreamReport> {
    this.#streamed = Promise.withResolvers();
    this.#tell({ kind: "stream", order });
    return Promise.race([this.#streamed.promise, this.#ended.promise]);
  }

  end(): void {
    this.#isEnded = true;
    this.#child.kill("SIGKILL");
  }

  #tell(message: ToSigner): void {
    this.#child.send(message);
  }
}
