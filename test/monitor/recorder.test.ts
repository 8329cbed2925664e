import { describe, expect, test } from "bun:test";
import { toBinary, toJsonString } from "@bufbuild/protobuf";
import { Counters } from "../../src/monitor/counters.ts";
import { LoopDelay } from "../../src/monitor/figures.ts";
import { FileSizes } from "../../src/monitor/file_sizes.ts";
import { Recorder } from "../../src/monitor/recorder.ts";
import { describePage } from "../../src/session/figures.ts";
import { ErrorCode, FiguresHistorySchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { until } from "../support/wait.ts";

const STARTED_AT_MS = 1_767_225_600_000;

/** A recorder whose clock the test owns. */
class Fixture implements Disposable {
  readonly counters = new Counters();
  readonly recorder: Recorder;
  readonly #loopDelay = new LoopDelay();
  #clockMs = 5000;
  /** How far the wall clock is from where it was at the start, beside the time that has passed. */
  setBackMs = 0;

  constructor() {
    this.recorder = new Recorder({
      counters: this.counters,
      loopDelay: this.#loopDelay,
      files: new FileSizes(import.meta.path),
      clockMs: () => this.#clockMs,
      now: () => STARTED_AT_MS + this.#clockMs - 5000 - this.setBackMs,
    });
  }

  /** Lets a second pass, or more of them at once, and takes a sample. */
  second(seconds = 1): void {
    this.#clockMs += seconds * 1000;
    this.recorder.sample();
  }

  [Symbol.dispose](): void {
    this.#loopDelay.stop();
  }
}

describe("the recorder", () => {
  test("tells what came in each second as a rate, and how things stood", () => {
    using fixture = new Fixture();
    const { counters, recorder } = fixture;
    counters.messagesIn = 30;
    counters.connections = 4;
    fixture.second();
    counters.messagesIn = 80;
    counters.connections = 2;
    fixture.second(2);
    const { scalars, timeMs } = recorder.page(1, 0, 100);
    expect(scalars.messagesPerSecond).toEqual([30, 25]);
    expect(scalars.connections).toEqual([4, 2]);
    expect(timeMs).toEqual([STARTED_AT_MS + 1000, STARTED_AT_MS + 3000]);
  });

  test("tells of each second's distributions alone, and of nothing where nothing was measured", () => {
    using fixture = new Fixture();
    const { counters, recorder } = fixture;
    for (let times = 0; times < 100; times++) counters.commitMs.record(2);
    counters.commitMs.record(1000);
    fixture.second();
    fixture.second();
    counters.commitMs.record(4);
    fixture.second();
    const { mean, p50, p99 } = recorder.page(1, 0, 100).distributions.commitMs;
    expect(mean).toEqual([Math.fround(1200 / 101), Number.NaN, 4]);
    expect(p50[0]).toBeCloseTo(2, 1);
    expect(p50[2]).toBeCloseTo(4, 1);
    expect(p99[0]).toBeCloseTo(2, 1);
    // Since the start all of them count.
    expect(counters.commitMs.count).toBe(102);
  });

  test("keeps the worst second in a coarser row", () => {
    using fixture = new Fixture();
    const { counters, recorder } = fixture;
    for (let second = 1; second <= 10; second++) {
      counters.commitMs.record(second === 4 ? 50 : 1);
      counters.messagesIn += second === 7 ? 100 : 0;
      counters.refused("RATE_LIMITED");
      fixture.second();
    }
    const { scalars, distributions, refusals } = recorder.page(10, 0, 100);
    expect(distributions.commitMs.p99[0]).toBeCloseTo(50, 0);
    expect(distributions.commitMs.mean[0]).toBeCloseTo(5.9, 1);
    expect(scalars.messagesPerSecond).toEqual([10]);
    expect(refusals).toEqual([{ code: "RATE_LIMITED", count: [10] }]);
  });

  test("counts refusals by code, and those of late codes together", () => {
    using fixture = new Fixture();
    const { counters, recorder } = fixture;
    for (let code = 1; code <= 20; code++) counters.refused(`CODE_${code}`);
    fixture.second();
    counters.refused("CODE_1");
    counters.refused("CODE_20");
    fixture.second();
    const { refusals } = recorder.page(1, 0, 100);
    expect(refusals).toHaveLength(17);
    expect(refusals[0]).toEqual({ code: "CODE_1", count: [1, 1] });
    expect(refusals[16]).toEqual({ code: undefined, count: [4, 1] });
  });

  test("takes a hasher that was started again for no time gone back", () => {
    using fixture = new Fixture();
    const { counters, recorder } = fixture;
    counters.hasherCpuMs = () => 700;
    fixture.second();
    counters.hasherCpuMs = () => 1200;
    fixture.second();
    counters.hasherCpuMs = () => 10;
    fixture.second();
    const [, ...loads] = recorder.page(1, 0, 100).scalars.hasherLoad;
    expect(loads).toEqual([0.5, 0]);
  });

  test("gives its rows the times of the clock as it is now, should it be set", () => {
    using fixture = new Fixture();
    fixture.second();
    fixture.setBackMs = 60_000;
    fixture.second();
    const { timeMs } = fixture.recorder.page(1, 0, 100);
    expect(timeMs).toEqual([STARTED_AT_MS - 59_000, STARTED_AT_MS - 58_000]);
  });

  test("knows the database's size without waiting for it", async () => {
    using fixture = new Fixture();
    const sizes = () => fixture.recorder.page(1, 0, 600).scalars.databaseBytes;
    await until(() => {
      fixture.second();
      return !Number.isNaN(sizes().at(-1));
    });
    expect(sizes().at(-1)).toBe(Bun.file(import.meta.path).size);
    expect(fixture.recorder.page(1, 0, 600).scalars.walBytes.at(-1)).toBe(0);
  });

  test("takes a fixed memory, and a page within a frame's bounds, whatever comes", () => {
    using fixture = new Fixture();
    const { counters, recorder } = fixture;
    const { bytes } = recorder;
    expect(bytes).toBeLessThan(2 * 1024 * 1024);
    for (let second = 1; second <= 700; second++) {
      counters.messagesIn += second % 7;
      counters.refused(`CODE_${second % 30}`);
      for (const distribution of [counters.commitMs, counters.pathMs, counters.drainMs]) {
        distribution.record(second / 7);
      }
      fixture.second();
    }
    expect(recorder.bytes).toBe(bytes);
    const page = describePage(recorder.page(1, 0, 100));
    expect(page).toMatchObject({ first: 101, more: true });
    expect(toBinary(FiguresHistorySchema, page).length).toBeLessThan(64 * 1024);
    expect(toJsonString(FiguresHistorySchema, page).length).toBeLessThan(256 * 1024);
  });

  test("fills every field of the wire's answer", () => {
    using fixture = new Fixture();
    fixture.counters.refused("RATE_LIMITED");
    fixture.second();
    fixture.second();
    const page = describePage(fixture.recorder.page(1, 0, 1));
    for (const { localName } of FiguresHistorySchema.fields) {
      const value = page[localName as keyof typeof page];
      expect([localName, value !== undefined && (value as unknown[]).length !== 0]).toEqual([
        localName,
        true,
      ]);
    }
    expect(page.refusals[0]).toMatchObject({ code: ErrorCode.RATE_LIMITED, count: [1] });
    expect(page.pathMs?.p99).toHaveLength(1);
  });
});
