import { readFileSync } from "node:fs";

/** Linux counts a process's CPU time in ticks of 10 ms (`getconf CLK_TCK` is 100). */
const TICK_US = 10_000;

/** CPU time of a process and all its threads so far, in microseconds. Linux only. */
export function cpuUsOf(pid: number): number {
  // proc(5): after the name in brackets, fields 14 and 15 are user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ");
  return (Number(fields?.[11]) + Number(fields?.[12])) * TICK_US;
}
