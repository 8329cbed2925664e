/**
 * What stands in front of a command to run it under Linux's SCHED_IDLE: it then runs only when a core
 * has nothing else to do, where the lowest plain priority still takes its small share. Undefined
 * where there is no `chrt`, or it may not do that.
 */
export function idleCommand(): readonly string[] | undefined {
  const chrt = process.platform === "linux" ? Bun.which("chrt") : null;
  if (chrt === null) return undefined;
  const prefix = [chrt, "-i", "0"];
  try {
    // For real: a container may forbid what the program offers.
    const { success } = Bun.spawnSync([...prefix, chrt, "--version"], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    return success ? prefix : undefined;
  } catch {
    return undefined;
  }
}
