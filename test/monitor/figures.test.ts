import { describe, expect, test } from "bun:test";
import { Counters } from "../../src/monitor/counters.ts";
import { Distribution } from "../../src/monitor/distribution.ts";
import { LoopDelay, Readings } from "../../src/monitor/figures.ts";
import { FileSizes } from "../../src/monitor/file_sizes.ts";
import { until } from "../support/wait.ts";

const files = new FileSizes(import.meta.path);

describe("a monitor's figures", () => {
  test("count from one reading to the next, whatever other monitors read", () => {
    const counters = new Counters();
    const loopDelay = new LoopDelay();
    const [one, other] = [
      new Readings(counters, loopDelay, files),
      new Readings(counters, loopDelay, files),
    ];
    counters.messagesIn += 3;
    counters.deliveriesOut += 30;
    expect(one.next()).toMatchObject({ messagesIn: 3, deliveriesOut: 30 });
    counters.messagesIn += 1;
    counters.deliveriesOut += 10;
    expect(one.next()).toMatchObject({ messagesIn: 1, deliveriesOut: 10 });
    expect(other.next()).toMatchObject({ messagesIn: 4, deliveriesOut: 40 });
    loopDelay.stop();
  });

  test("tell of the time in commits so slow that the disk must have stood still", () => {
    const counters = new Counters();
    const loopDelay = new LoopDelay();
    const readings = new Readings(counters, loopDelay, files);
    for (const ms of [1, 49.9, 50, 75]) counters.committed(ms);
    expect(readings.next().slowCommitsMs).toBe(125);
    counters.committed(10);
    expect(readings.next().slowCommitsMs).toBe(0);
    expect([counters.batches, counters.commitMs.count]).toEqual([5, 5]);
    loopDelay.stop();
  });

  test("smooth the volume over three readings", () => {
    const counters = new Counters();
    const loopDelay = new LoopDelay();
    const readings = new Readings(counters, loopDelay, files);
    counters.deliveriesOut += 1000;
    const first = readings.next();
    expect(first.volumePerSecond).toBeCloseTo((1000 * 1000) / first.periodMs, 6);
    const second = readings.next();
    // Nothing was delivered since: with a window of 3 the average halves.
    expect(second.volumePerSecond).toBeCloseTo(first.volumePerSecond / 2, 6);
    loopDelay.stop();
  });

  test("tell of each core's load, of the process and of its memory", () => {
    const loopDelay = new LoopDelay();
    const reading = new Readings(new Counters(), loopDelay, files).next();
    expect(reading.coreLoad.length).toBeGreaterThan(0);
    for (const load of reading.coreLoad) expect(load).toBeWithin(0, 1.000001);
    expect(reading.processLoad).toBeGreaterThanOrEqual(0);
    expect(reading.residentBytes).toBeGreaterThan(1024 * 1024);
    loopDelay.stop();
  });

  test("show a blocked event loop, and only to who reads after it", async () => {
    const loopDelay = new LoopDelay();
    const beganMs = performance.now();
    // More than one sample in a hundred must be late to show at that percentile.
    for (let times = 0; times < 5; times++) {
      Bun.sleepSync(100);
      await Bun.sleep(20);
    }
    await until(() => loopDelay.worstP99Ms(beganMs) > 50);
    expect(loopDelay.worstP99Ms(performance.now())).toBe(0);
    loopDelay.stop();
  });
});

describe("a distribution", () => {
  test("gives percentiles to a thousandth of its unit, and 0 while it is empty", () => {
    const distribution = new Distribution();
    expect([distribution.percentile(50), distribution.max, distribution.count]).toEqual([0, 0, 0]);
    for (let value = 1; value <= 100; value++) distribution.record(value / 10);
    expect(distribution.percentile(50)).toBeCloseTo(5, 1);
    expect(distribution.percentile(99)).toBeCloseTo(9.9, 1);
    expect(distribution.max).toBeCloseTo(10, 1);
    // A clock that was set back.
    distribution.record(-5);
    expect(distribution.count).toBe(101);
  });
});
