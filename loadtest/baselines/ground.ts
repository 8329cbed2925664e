import { StartError } from "../server_process.ts";
import { contenders } from "./contenders.ts";
import type { BaselineOptions } from "./options.ts";

/**
 * Makes sure that this machine can do it: Linux with `taskset`, the two cores, and Node if it is
 * needed.
 *
 * @returns the version of Node, or undefined where it is not needed.
 * @throws StartError with a sentence that says what is missing.
 */
export function checkGround({
  servers,
  serverCpu,
  testerCpu,
}: BaselineOptions): string | undefined {
  if (process.platform !== "linux" || Bun.which("taskset") === null) {
    throw new StartError(
      "The baselines pin the server to one core and the tester to another, which needs Linux and its taskset (package util-linux).",
    );
  }
  if (serverCpu === testerCpu) {
    throw new StartError("--server-cpu and --tester-cpu are the same: each needs a core.");
  }
  for (const cpu of [serverCpu, testerCpu]) {
    if (run("taskset", "-c", String(cpu), "true") === undefined) {
      throw new StartError(
        `There is no core ${cpu} to run on: the baselines need two, --server-cpu for the server and --tester-cpu for the tester.`,
      );
    }
  }
  if (!servers.some((name) => contenders[name].needsNode)) return undefined;
  const node = nodeVersion();
  if (node !== undefined) return node;
  throw new StartError(
    "There is no node on the PATH, on which ws and Socket.IO run: install Node, or leave them out with --servers hubbub,raw-bun.",
  );
}

/** Of the `node` on the PATH; undefined where there is none, or where it is Bun in its place. */
export function nodeVersion(): string | undefined {
  const text = run("node", "-p", "[process.versions.bun ?? '', process.versions.node].join()");
  const [bun, node] = text?.split(",") ?? [];
  return bun === "" ? node : undefined;
}

/** What a command prints; undefined where it fails. */
function run(...command: string[]): string | undefined {
  try {
    const { exitCode, stdout } = Bun.spawnSync(command, { stderr: "ignore" });
    return exitCode === 0 ? stdout.toString().trim() : undefined;
  } catch {
    return undefined;
  }
}
