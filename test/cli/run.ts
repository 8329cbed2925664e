import { setDefaultTimeout } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hubbub } from "../support/process.ts";

// A process takes its time to start on a busy machine.
setDefaultTimeout(30_000);

/** How a command ended. */
export interface Ran {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** A new folder for `XDG_CONFIG_HOME`, removed with the test. */
export function configFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "hubbub-cli-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Runs a command with `input` on its standard input, in a session of its own so that there is no
 * terminal to ask for a password, whoever runs the tests.
 */
export async function run(
  args: readonly string[],
  input: string | Uint8Array,
  environment: Record<string, string> = {},
): Promise<Ran> {
  const child = Bun.spawn(hubbub(...args), {
    stdin: typeof input === "string" ? new TextEncoder().encode(input) : input,
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH ?? "", ...environment },
    detached: true,
  });
  const [output, errors, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, output, errors };
}

/** A command on a terminal of its own. */
export class OnTerminal implements Disposable {
  /** Everything that the terminal was sent, escape sequences included. */
  shown = "";
  readonly #child: Bun.Subprocess;
  #waiting: (() => void)[] = [];

  constructor(args: readonly string[], environment: Record<string, string> = {}) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn(hubbub(...args), {
      env: { PATH: process.env.PATH ?? "", TERM: "xterm", ...environment },
      terminal: {
        cols: 100,
        rows: 30,
        data: (_, bytes) => {
          this.shown += decoder.decode(bytes, { stream: true });
          for (const look of this.#waiting.splice(0)) look();
        },
      },
    });
  }

  get exited(): Promise<number> {
    return this.#child.exited;
  }

  type(keys: string): void {
    this.#child.terminal?.write(keys);
  }

  /** Resolves when the terminal has been sent `text`; rejects if the command ends without it. */
  async shows(text: string): Promise<void> {
    while (!this.shown.includes(text)) {
      const more = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await Promise.race([more, this.exited]);
      if (this.#child.exitCode !== null && !this.shown.includes(text)) {
        throw new Error(`ended without showing ${JSON.stringify(text)}: ${this.shown}`);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill();
    this.#child.terminal?.close();
  }
}
