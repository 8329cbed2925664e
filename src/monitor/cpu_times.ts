import { cpus } from "node:os";

/** What the machine and this process have used of the CPU until now. */
export interface CpuTimes {
  readonly cores: readonly CoreTimes[];
  readonly processMs: number;
  /** Of the thread that asks: the one that carries messages. */
  readonly mainThreadMs: number;
}

interface CoreTimes {
  readonly busyMs: number;
  readonly totalMs: number;
}

/** To be called on the main thread. Takes about 60 us on two cores. */
export function cpuTimes(): CpuTimes {
  const ofProcess = process.cpuUsage();
  const ofThread = process.threadCpuUsage();
  return {
    cores: cpus().map(({ times }) => {
      const totalMs = times.user + times.nice + times.sys + times.idle + times.irq;
      return { busyMs: totalMs - times.idle, totalMs };
    }),
    processMs: (ofProcess.user + ofProcess.system) / 1000,
    mainThreadMs: (ofThread.user + ofThread.system) / 1000,
  };
}

/** The load of each core between two readings, 0 to 1. */
export function coreLoads(before: CpuTimes, after: CpuTimes): number[] {
  return after.cores.map((core, index) => loadBetween(before.cores[index], core));
}

function loadBetween(before: CoreTimes | undefined, after: CoreTimes): number {
  const totalMs = after.totalMs - (before?.totalMs ?? 0);
  return totalMs <= 0 ? 0 : (after.busyMs - (before?.busyMs ?? 0)) / totalMs;
}
