import type { CpuProfile, ServerProfile } from "../../../src/monitor/cpu_profile.ts";

/** A function in a hand-made profile, with the samples in itself and what it called. */
export interface Made {
  readonly name: string;
  /** Beneath the folder of the installation; empty for native code. */
  readonly file?: string;
  readonly line?: number;
  readonly hits?: number;
  readonly calls?: readonly Made[];
}

/** As a path with a `src` of its own, and a space as URLs write it. */
export const INSTALLED = "file:///usr/src/my%20chat/";

/** A `.cpuprofile` with these calls under its root, a sample each `intervalUs`. */
export function cpuProfile(calls: readonly Made[], intervalUs = 1000): CpuProfile {
  const nodes: CpuProfile["nodes"][number][] = [];
  const samples: number[] = [];
  const add = ({ name, file = "", line = 1, hits = 0, calls = [] }: Made): number => {
    const id = nodes.length + 1;
    const at = nodes.push({
      id,
      hitCount: hits,
      callFrame: {
        functionName: name,
        url: file === "" || file.includes(":") ? file : INSTALLED + file,
        lineNumber: file === "" ? -1 : line - 1,
        columnNumber: file === "" ? -1 : 0,
      },
    });
    for (let hit = 0; hit < hits; hit++) samples.push(id);
    const children = calls.map(add);
    // Bun leaves the field out where there are none.
    if (children.length > 0)
      nodes[at - 1] = { ...(nodes[at - 1] as (typeof nodes)[number]), children };
    return id;
  };
  add({ name: "(root)", calls });
  const timeDeltas = samples.map(() => intervalUs);
  return { nodes, samples, timeDeltas, startTime: 0, endTime: samples.length * intervalUs };
}

/**
 * A profile of ten seconds: `main` and `writer` called those, of 1 ms each sample; the main thread
 * was also busy outside of JavaScript for 100 ms, and the JIT compiler for 50.
 */
export function serverProfile(main: readonly Made[], writer: readonly Made[] = []): ServerProfile {
  const profile = cpuProfile(main);
  const writing = cpuProfile(writer);
  const cpuMs = profile.samples.length + 100;
  const writerCpuMs = writing.samples.length;
  return {
    ...profile,
    hubbub: {
      version: "1.2.3",
      takenAt: "2026-01-31T12:34:56.789Z",
      intervalUs: 1000,
      sampling: "real time",
      main: { durationMs: 10_000, cpuMs },
      threads: [{ name: "writer", durationMs: 10_000, cpuMs: writerCpuMs, profile: writing }],
      helpers: [{ name: "JITWorker", cpuMs: 50 }],
      samplersCpuMs: 40,
      processCpuMs: cpuMs + writerCpuMs + 50 + 40,
    },
  };
}
