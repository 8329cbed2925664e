import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { ThreadSample } from "../../src/monitor/cpu_profile.ts";
import { type ProfiledThread, Profiler } from "../../src/monitor/profiler.ts";
import { SAMPLER_NAME, threadNames } from "../../src/monitor/sampler_thread.ts";
import { ThreadSampling } from "../../src/monitor/thread_sampling.ts";

const never = new AbortController().signal;
const order = { seconds: 1, intervalUs: 1000, signal: never };

/** A thread that tells what it was asked. */
class FakeThread implements ProfiledThread {
  readonly asked: string[] = [];
  fault: "start" | "stop" | undefined;

  constructor(readonly name: string) {}

  async start(): Promise<"real time"> {
    this.asked.push("start");
    if (this.fault === "start") throw new Error("no inspector");
    return "real time";
  }

  async stop(): Promise<ThreadSample> {
    this.asked.push("stop");
    if (this.fault === "stop") throw new Error("no answer");
    const profile = { nodes: [], samples: [], timeDeltas: [], startTime: 0, endTime: 0 };
    return { durationMs: 1, cpuMs: 1, profile };
  }
}

/** Short stretches of work with pauses between: what is hardest to see for a sampler. */
async function workInBursts(isDone: () => boolean): Promise<void> {
  const burst = () => {
    const untilMs = performance.now() + 0.5;
    while (performance.now() < untilMs);
  };
  while (!isDone()) {
    burst();
    await Bun.sleep(1);
  }
}

describe("a profile of this process", () => {
  test("sees the function that uses the time, though it never runs for long", async () => {
    const profiler = new Profiler({ main: new ThreadSampling(), threads: [], version: "test" });
    let isDone = false;
    const working = workInBursts(() => isDone);
    const { nodes, samples, hubbub } = await profiler.take(order);
    isDone = true;
    await working;
    const inBurst = nodes.filter(({ callFrame }) => callFrame.functionName === "burst");
    expect(inBurst.length).toBeGreaterThan(0);
    expect(samples.length).toBe(nodes.reduce((sum, { hitCount }) => sum + hitCount, 0));
    expect(hubbub.version).toBe("test");
    expect(hubbub.main.cpuMs).toBeGreaterThan(0);
    expect(hubbub.processCpuMs).toBeGreaterThanOrEqual(hubbub.main.cpuMs * 0.9);
  });

  test("can be taken again, with another interval", async () => {
    const profiler = new Profiler({ main: new ThreadSampling(), threads: [], version: "test" });
    let isDone = false;
    const working = workInBursts(() => isDone);
    for (const intervalUs of [500, 2000]) {
      const { samples, hubbub } = await profiler.take({ ...order, intervalUs });
      expect(samples.length).toBeGreaterThan(0);
      expect(hubbub.intervalUs).toBe(intervalUs);
    }
    isDone = true;
    await working;
  });

  test.skipIf(process.platform !== "linux")("leaves samplers that rest", async () => {
    const profiler = new Profiler({ main: new ThreadSampling(), threads: [], version: "test" });
    await profiler.take(order);
    const wakeUps = () =>
      [...threadNames()]
        .filter(([, name]) => name === SAMPLER_NAME)
        .map(([id]) => {
          const status = readFileSync(`/proc/self/task/${id}/status`, "utf8");
          return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
        })
        .reduce((sum, count) => sum + count, 0);
    const before = wakeUps();
    await Bun.sleep(2000);
    // Awake at every interval, they would have woken 2000 times.
    expect(wakeUps() - before).toBeLessThan(200);
  });
});

describe("the profiler", () => {
  test("ends a profile early when it is told to, with what there was", async () => {
    const [main, writer] = [new FakeThread("main"), new FakeThread("writer")];
    const profiler = new Profiler({ main, threads: [writer], version: "test" });
    const controller = new AbortController();
    const taking = profiler.take({ seconds: 3600, intervalUs: 1000, signal: controller.signal });
    expect(profiler.busyMs).toBeGreaterThan(3_590_000);
    controller.abort();
    const { hubbub } = await taking;
    expect(hubbub.threads.map(({ name }) => name)).toEqual(["writer"]);
    expect(profiler.busyMs).toBeUndefined();
    expect([main.asked, writer.asked]).toEqual([
      ["start", "stop"],
      ["start", "stop"],
    ]);
  });

  test("closes with the profile under way", async () => {
    const main = new FakeThread("main");
    const profiler = new Profiler({ main, threads: [], version: "test" });
    const taking = profiler.take({ ...order, seconds: 3600 });
    await profiler.close();
    expect(main.asked).toEqual(["start", "stop"]);
    await taking;
  });

  test("where one thread cannot begin, the others stop, and the next profile may come", async () => {
    const [main, writer] = [new FakeThread("main"), new FakeThread("writer")];
    writer.fault = "start";
    const profiler = new Profiler({ main, threads: [writer], version: "test" });
    await expect(profiler.take(order)).rejects.toThrow("no inspector");
    expect(main.asked).toEqual(["start", "stop"]);
    expect(profiler.busyMs).toBeUndefined();
  });

  test("where one thread cannot end, the others do, once each", async () => {
    const [main, writer] = [new FakeThread("main"), new FakeThread("writer")];
    main.fault = "stop";
    const profiler = new Profiler({ main, threads: [writer], version: "test" });
    await expect(profiler.take(order)).rejects.toThrow("no answer");
    expect([main.asked, writer.asked]).toEqual([
      ["start", "stop"],
      ["start", "stop"],
    ]);
  });
});
