import { readFileSync } from "node:fs";

/** Of a clock tick of `/proc`: USER_HZ, which Linux holds at 100 for programs, whatever its own. */
const TICK_MS = 10;
/** The places of `utime` and `stime` after the command's name, proc_pid_stat(5). */
const USER_AT = 11;
const SYSTEM_AT = 12;

/**
 * CPU time that processes have used so far, in ms, all together; 0 for one that is not there. NaN
 * where the system has no `/proc`. About 15 us each.
 *
 * @param pids undefined for one that does not run now.
 */
export function cpuMsOf(pids: readonly (number | undefined)[]): number {
  if (process.platform !== "linux") return Number.NaN;
  return pids.reduce<number>(
    (sum, pid) => sum + (pid === undefined ? 0 : ticksOf(pid) * TICK_MS),
    0,
  );
}

function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name stands in parentheses, and may hold any character.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[USER_AT]) + Number(fields[SYSTEM_AT]);
  } catch {
    return 0;
  }
}
