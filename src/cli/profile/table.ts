import type { ServerProfile, ThreadSample } from "../../monitor/cpu_profile.ts";
import { type Call, callTree, samplePeriodUs, samplesBy, sum } from "./call_tree.ts";
import { identityOf, type Place } from "./places.ts";

/** Time of the CPU in ms a second. */
export interface Cost {
  /** In the thing itself. */
  readonly selfMsPerSecond: number;
  /** In it or in what it called. */
  readonly totalMsPerSecond: number;
  /** Of all CPU time of the server, 0 to 1. */
  readonly selfShare: number;
  readonly totalShare: number;
}

export interface RoomCost extends Cost {
  /** As `Place.room`, or one of the two below. */
  readonly room: string;
}

/** What the threads of ours do outside of JavaScript: sockets, timers, the kernel. */
export const OUTSIDE = "outside JavaScript";
/** Threads of Bun's own: the JIT compiler, the garbage collector. */
export const HELPERS = "bun's own threads";

export interface FunctionCost extends Cost, Place {
  readonly thread: string;
}

export interface ThreadCost {
  readonly name: string;
  readonly cpuMsPerSecond: number;
  readonly samples: number;
  readonly javascriptMsPerSecond: number;
}

/** The table of a profile; `profile.json` holds it as JSON. */
export interface ProfileTable {
  readonly version: string;
  readonly takenAt: string;
  readonly seconds: number;
  readonly intervalUs: number;
  readonly sampling: string;
  readonly samples: number;
  /** Of the whole process, without what the profile itself cost. */
  readonly cpuMsPerSecond: number;
  readonly samplersMsPerSecond: number;
  readonly threads: readonly ThreadCost[];
  readonly helpers: readonly { readonly name: string; readonly cpuMsPerSecond: number }[];
  /** Together they are all of the server's CPU time. The biggest self time first. */
  readonly rooms: readonly RoomCost[];
  readonly functions: readonly FunctionCost[];
}

/** One thread as it is told of: its calls, and what a sample of it is worth. */
export interface ThreadCalls {
  readonly name: string;
  readonly calls: readonly Call[];
  readonly cpuMsPerSecond: number;
  readonly msPerSecondOfSample: number;
}

/** The threads of ours, the main thread first. */
export function threadsOf(profile: ServerProfile): ThreadCalls[] {
  const { hubbub } = profile;
  const main = { name: "main", ...hubbub.main, profile };
  return [main, ...hubbub.threads].map((thread) => callsOf(thread, hubbub.intervalUs));
}

/**
 * A sample stands for its period, but all samples of a thread together never for more than the CPU
 * time that it used: who waits inside a call, as the writer does for the disk, is sampled there too.
 */
function callsOf(
  thread: ThreadSample & { readonly name: string },
  intervalUs: number,
): ThreadCalls {
  const { name, durationMs, cpuMs, profile } = thread;
  const calls = callTree(profile);
  const samples = sum(calls);
  const sampledMs = (samples * samplePeriodUs(profile, intervalUs)) / 1000;
  const inJavaScriptMs = Math.min(sampledMs, cpuMs);
  const seconds = durationMs / 1000;
  return {
    name,
    calls,
    cpuMsPerSecond: cpuMs / seconds,
    msPerSecondOfSample: samples === 0 ? 0 : inJavaScriptMs / seconds / samples,
  };
}

/** The costs of a profile: by thread, by room and by function. */
export function tableOf(profile: ServerProfile): ProfileTable {
  const { hubbub } = profile;
  const { version, takenAt, intervalUs, sampling, main, processCpuMs, samplersCpuMs } = hubbub;
  const seconds = main.durationMs / 1000;
  const threads = threadsOf(profile);
  const cpuMsPerSecond = (processCpuMs - samplersCpuMs) / seconds;
  const threadCosts = threads.map(({ name, calls, cpuMsPerSecond, msPerSecondOfSample }) => ({
    name,
    cpuMsPerSecond,
    samples: sum(calls),
    javascriptMsPerSecond: sum(calls) * msPerSecondOfSample,
  }));
  const costOf = (selfMsPerSecond: number, totalMsPerSecond: number): Cost => ({
    selfMsPerSecond,
    totalMsPerSecond,
    selfShare: share(selfMsPerSecond, cpuMsPerSecond),
    totalShare: share(totalMsPerSecond, cpuMsPerSecond),
  });
  const only = (msPerSecond: number) => costOf(msPerSecond, msPerSecond);
  const ours = total(threadCosts, (thread) => thread.cpuMsPerSecond);
  const inJavaScript = total(threadCosts, (thread) => thread.javascriptMsPerSecond);
  return {
    ...{ version, takenAt, seconds, intervalUs, sampling, cpuMsPerSecond },
    samplersMsPerSecond: samplersCpuMs / seconds,
    samples: total(threadCosts, ({ samples }) => samples),
    threads: threadCosts,
    helpers: hubbub.helpers.map(({ name, cpuMs }) => ({ name, cpuMsPerSecond: cpuMs / seconds })),
    rooms: biggestFirst([
      ...roomsOf(threads).map(([room, { self, total }]) => ({ room, ...costOf(self, total) })),
      { room: OUTSIDE, ...only(Math.max(0, ours - inJavaScript)) },
      { room: HELPERS, ...only(Math.max(0, cpuMsPerSecond - ours)) },
    ]),
    functions: biggestFirst(
      threads.flatMap(({ name: thread, calls, msPerSecondOfSample }) => {
        const places = placesIn(calls);
        return [...samplesBy(calls, identityOf)].map(([identity, { self, total }]) => ({
          ...(places.get(identity) as Place),
          thread,
          ...costOf(self * msPerSecondOfSample, total * msPerSecondOfSample),
        }));
      }),
    ),
  };
}

/** Self and total ms a second of each room, over all threads. */
function roomsOf(threads: readonly ThreadCalls[]): [string, { self: number; total: number }][] {
  const rooms = new Map<string, { self: number; total: number }>();
  for (const { calls, msPerSecondOfSample } of threads) {
    for (const [room, { self, total }] of samplesBy(calls, ({ room }) => room)) {
      const sofar = rooms.get(room) ?? { self: 0, total: 0 };
      rooms.set(room, {
        self: sofar.self + self * msPerSecondOfSample,
        total: sofar.total + total * msPerSecondOfSample,
      });
    }
  }
  return [...rooms];
}

function placesIn(calls: readonly Call[]): Map<string, Place> {
  const places = new Map<string, Place>();
  const visit = ({ place, calls }: Call) => {
    places.set(identityOf(place), place);
    calls.forEach(visit);
  };
  calls.forEach(visit);
  return places;
}

function biggestFirst<T extends Cost>(costs: T[]): T[] {
  return costs.sort(
    (a, b) => b.selfMsPerSecond - a.selfMsPerSecond || b.totalMsPerSecond - a.totalMsPerSecond,
  );
}

function total<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((all, item) => all + value(item), 0);
}

function share(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
