import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { Placement, PlacementError } from "../../src/machine/placement.ts";
import { folder, PATIENCE_MS, refusalOf, serveOn, startTalking } from "../support/command.ts";
import { startProcess } from "../support/process.ts";
import { register } from "../support/server.ts";
import { until } from "../support/wait.ts";
import { ownCores, threadsOf } from "./threads.ts";

const unexpected = (reason: string) => {
  throw new Error(reason);
};

describe.skipIf(process.platform !== "linux")("a server that is told a core", () => {
  const { list: all, first: core } = ownCores();

  test(
    "keeps its main thread there, and leaves all other threads and the hasher free",
    async () => {
      using data = folder();
      const server = await startProcess(data.path, { cpu: core, logLevel: "debug" });
      const mainCores = () => threadsOf(server.pid).find(({ id }) => id === server.pid)?.cores;
      const otherCores = () =>
        new Set(threadsOf(server.pid).flatMap(({ id, cores }) => (id === server.pid ? [] : cores)));
      const hashers = () =>
        server.log.flatMap(({ msg, pid }) => (msg === "hasher started" ? Number(pid) : []));
      const hasherCores = (pid: number) => new Set(threadsOf(pid).map(({ cores }) => cores));
      expect(mainCores()).toBe(String(core));
      expect(server.log.find(({ msg }) => msg === "listening")).toMatchObject({ core });

      // Work makes the runtime start threads of its own, which are freed a little later.
      await register(server.url, "ada");
      await until(() => otherCores().size === 1);
      expect(otherCores()).toEqual(new Set([all]));
      const [hasher = 0] = hashers();
      expect(hasherCores(hasher)).toEqual(new Set([all]));

      process.kill(hasher, "SIGKILL");
      await until(() => hashers().length === 2);
      expect(hasherCores(hashers()[1] ?? 0)).toEqual(new Set([all]));
      expect(mainCores()).toBe(String(core));
      expect(await server.end("SIGTERM")).toBe(0);
    },
    PATIENCE_MS,
  );

  test(
    "says so in its greeting, and nothing where it was told none",
    async () => {
      using data = folder();
      const greeting = async (...more: string[]) => {
        const server = await startTalking(serveOn(data.db, "--log-format=text", ...more));
        await until(() => server.said().includes("Ctrl-C"));
        expect(await server.end()).toBe(0);
        return server.said();
      };
      expect(await greeting(`--cpu=${core}`)).toMatch(
        new RegExp(`^ +core +${core}: the main thread stays on it$`, "m"),
      );
      expect(await greeting()).not.toMatch(/^ +core /m);
    },
    PATIENCE_MS,
  );

  test(
    "that it does not have refuses to start, and makes nothing",
    async () => {
      using data = folder();
      expect(await refusalOf(serveOn(data.db, "--cpu=4095"))).toMatch(
        /^There is no core 4095 for this process, which may use [\d, ]+\. Name another with --cpu\.$/,
      );
      expect(readdirSync(data.path)).toEqual([]);
    },
    PATIENCE_MS,
  );
});

describe.skipIf(process.platform !== "linux")("a thread's placement", () => {
  const { list: all, first: core } = ownCores();

  test("begins with pin, is lifted while something is started, and ends with release", () => {
    const placement = new Placement(core, unexpected);
    expect([placement.core, ownCores().list]).toEqual([null, all]);
    placement.pin();
    try {
      expect([placement.core, ownCores().list]).toEqual([core, String(core)]);
      expect(placement.freely(() => ownCores().list)).toBe(all);
      expect(() => placement.freely(() => unexpected("no such program"))).toThrow(
        "no such program",
      );
      expect(ownCores().list).toBe(String(core));
    } finally {
      placement.release();
    }
    expect([placement.core, ownCores().list]).toEqual([null, all]);
  });

  test("frees a thread that was started while it was pinned", async () => {
    const placement = new Placement(core, unexpected);
    placement.pin();
    const before = new Set(threadsOf(process.pid).map(({ id }) => id));
    const worker = new Worker("data:text/javascript,postMessage(1);setInterval(()=>{},1e6)");
    try {
      await new Promise((resolve) => {
        worker.onmessage = resolve;
      });
      const started = () => threadsOf(process.pid).filter(({ id }) => !before.has(id));
      expect(started().length).toBeGreaterThan(0);
      expect(started().map(({ cores }) => cores)).toContain(String(core));
      // The new thread may just be starting one of its own.
      await until(() => {
        placement.freeOthers();
        return started().every(({ cores }) => cores === all);
      });
    } finally {
      worker.terminate();
      placement.release();
    }
  });

  test("is refused for a core that there is not", () => {
    expect(() => new Placement(4095, unexpected)).toThrow(PlacementError);
    expect(ownCores().list).toBe(all);
  });
});

test("where there is no pinning, a placement says so and does nothing", () => {
  const platform = Object.getOwnPropertyDescriptor(process, "platform") as PropertyDescriptor;
  Object.defineProperty(process, "platform", { ...platform, value: "darwin" });
  try {
    const reasons: string[] = [];
    const placement = new Placement(0, (reason) => reasons.push(reason));
    placement.pin();
    expect(placement.freely(() => "done")).toBe("done");
    expect([placement.core, reasons]).toEqual([null, ["only Linux can"]]);
  } finally {
    Object.defineProperty(process, "platform", platform);
  }
});
