import { join } from "node:path";
import { makePool, writePool } from "../../../loadtest/accounts.ts";
import type { Result } from "../../../loadtest/result.ts";
import { ended, loadtest } from "../../loadtest/process.ts";
import { hubbub } from "../../support/process.ts";

/** What a server is started with so that nothing but its speed holds the crowd back. */
export const UNHINDERED = {
  messagesPerSecond: 1_000_000,
  messageBurst: 1_000_000,
  commandsPerSecond: 1_000_000,
  commandBurst: 1_000_000,
  accessTokenMinutes: 60,
  // What gathers while the server is away comes all at once.
  queueBytes: 1024 * 1024 * 1024,
};

/** The load tester against a server that a test has started, and may end and start again. */
export class Crowd {
  readonly #child: ReturnType<typeof loadtest>;
  readonly #ended: ReturnType<typeof ended>;
  isGone = false;

  private constructor(child: ReturnType<typeof loadtest>) {
    this.#child = child;
    this.#ended = ended(child).finally(() => {
      this.isGone = true;
    });
  }

  /**
   * Makes accounts in the server's database, and lets their users loose. The waits of the workload
   * are what `flags` say; it is over when everybody has done what they had to, however long that
   * takes the server.
   *
   * @param enter put before the command that writes to the database.
   */
  static async gather(
    server: { url: string; data: string; enter?: readonly string[] },
    folder: string,
    users: number,
    flags: readonly string[],
  ): Promise<Crowd> {
    const { url, data, enter = [] } = server;
    const pool = join(folder, "pool.jsonl");
    writePool(pool, makePool(users));
    const command = [...enter, ...hubbub("user", "import", pool, "--data", data)];
    const { exitCode, stderr } = Bun.spawnSync(command, { stdout: "ignore", stderr: "pipe" });
    if (exitCode !== 0) throw new Error(`importing accounts: ${stderr}`);
    const whom = ["--url", url, "--accounts", pool, "--users", `${users}`, "--sign-in", "token"];
    const held = ["--hold-until-connected", "--connect-every", "0.001", "--testers", "1"];
    return new Crowd(loadtest(...whom, ...held, ...flags, "--json"));
  }

  /** Waits until everybody has left. Rejects where the load tester itself did not last. */
  async result(): Promise<Result> {
    const { output, errors } = await this.#ended;
    if (output === "") throw new Error(`the load tester gave no result: ${errors}`);
    return JSON.parse(output) as Result;
  }

  /** Ends the load tester, whatever it is doing. */
  async end(): Promise<void> {
    this.#child.kill("SIGTERM");
    // A second one ends it at once.
    this.#child.kill("SIGTERM");
    await this.#ended;
  }
}
