import type { Fairness, ThreadSample } from "./cpu_profile.ts";
import type { ProfiledThread } from "./profiler.ts";
import { ThreadSampling } from "./thread_sampling.ts";

/**
 * What a thread answers to the profiler. A fault of the inspector is a value here, for an error
 * that a thread of the store throws counts as a broken invariant and ends the server.
 */
type Outcome<T> = { readonly value: T } | { readonly fault: string };

/** The calls by which a thread samples itself. */
export function samplingCalls() {
  const sampling = new ThreadSampling();
  return {
    startSampling: (intervalUs: number): Promise<Outcome<Fairness>> =>
      outcome(sampling.start(intervalUs)),
    stopSampling: (): Promise<Outcome<ThreadSample>> => outcome(sampling.stop()),
  };
}

/** A thread with those calls, as the profiler sees it. */
export function sampledThread(
  name: string,
  calls: ReturnType<typeof samplingCalls>,
): ProfiledThread {
  return {
    name,
    start: async (intervalUs) => unwrapped(await calls.startSampling(intervalUs)),
    stop: async () => unwrapped(await calls.stopSampling()),
  };
}

async function outcome<T>(work: Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function unwrapped<T>(outcome: Outcome<T>): T {
  if ("value" in outcome) return outcome.value;
  throw new Error(outcome.fault);
}
