import { cpus, release, totalmem, type } from "node:os";
import type { Result } from "./result.ts";

/** The machine that this runs on. */
export function describeMachine(): Result["machine"] {
  const cores = cpus();
  return {
    cpuModel: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
  };
}

/** @param hubbub the version that the server told. */
export function describeVersions(hubbub: string): Result["versions"] {
  return {
    hubbub,
    bun: Bun.version,
    gitCommit: git("rev-parse", "HEAD") ?? "",
    gitDirty: (git("status", "--porcelain") ?? "") !== "",
  };
}

/** What git says of this repository; undefined where there is no git or no repository. */
function git(...args: string[]): string | undefined {
  try {
    const { exitCode, stdout } = Bun.spawnSync(["git", ...args], {
      cwd: import.meta.dir,
      stderr: "ignore",
    });
    return exitCode === 0 ? stdout.toString().trim() : undefined;
  } catch {
    return undefined;
  }
}
