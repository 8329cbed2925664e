/**
 * What a CPU profile of the server is made of. The parts named by Chrome are its `.cpuprofile`:
 * https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile
 */

/** One function at one place of the call tree. */
interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  /** Samples in which it was what ran, and not only what had called. */
  readonly hitCount: number;
  /** The ids of what it called. */
  readonly children?: readonly number[];
}

export interface CallFrame {
  /** Empty for a function without a name. */
  readonly functionName: string;
  /** Empty for what is not JavaScript. */
  readonly url: string;
  /** From 0; -1 for what is not JavaScript. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** One thread's samples. The first node is the root of the tree. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds. */
  readonly startTime: number;
  readonly endTime: number;
  /** The node of each sample. */
  readonly samples: readonly number[];
  /**
   * Microseconds from the sample before. Bun takes no samples of a thread that runs no JavaScript,
   * so a gap of many intervals is a wait, or work of Bun's own.
   */
  readonly timeDeltas: readonly number[];
}

/** What one thread did. */
export interface ThreadSample {
  readonly durationMs: number;
  /** CPU time of the thread, in JavaScript and outside of it. */
  readonly cpuMs: number;
  readonly profile: CpuProfile;
}

export interface NamedCpu {
  readonly name: string;
  readonly cpuMs: number;
}

/**
 * A profile of the whole server, which any reader of `.cpuprofile` takes for that of the main
 * thread: the rest stands in a field that they do not know.
 */
export interface ServerProfile extends CpuProfile {
  readonly hubbub: {
    readonly version: string;
    /** When it was finished, ISO 8601. */
    readonly takenAt: string;
    readonly intervalUs: number;
    /** How the threads that take the samples are scheduled: see sampler_thread.ts. */
    readonly sampling: Fairness;
    /** The main thread, whose samples are above. */
    readonly main: Omit<ThreadSample, "profile">;
    readonly threads: readonly (ThreadSample & { readonly name: string })[];
    /** Threads of Bun's own, by name: the JIT compiler, the garbage collector; on Linux only. */
    readonly helpers: readonly NamedCpu[];
    /** What the profile itself cost, outside of the threads above; 0 where that is not known. */
    readonly samplersCpuMs: number;
    /** CPU time of the whole process. */
    readonly processCpuMs: number;
  };
}

/**
 * Whether samples come when they are due. `real time` and `short slice`: yes. `default`: short
 * stretches of JavaScript are missed where the system gives the sampler no core in time.
 */
export type Fairness = "real time" | "short slice" | "default";
