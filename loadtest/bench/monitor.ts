import { toBinary } from "@bufbuild/protobuf";
import { Counters } from "../../src/monitor/counters.ts";
import { LoopDelay } from "../../src/monitor/figures.ts";
import { FileSizes } from "../../src/monitor/file_sizes.ts";
import { exposition } from "../../src/monitor/prometheus/exposition.ts";
import { Recorder } from "../../src/monitor/recorder.ts";
import { distributionSeries } from "../../src/monitor/series.ts";
import { describePage } from "../../src/session/figures.ts";
import { errorNames } from "../../src/wire/codes.ts";
import { FiguresHistorySchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import type { Group } from "./group.ts";
import type { Row } from "./table.ts";
import { type Timing, timeEach, timeOwn, timingColumns } from "./timing.ts";

/** What a page of the dashboard asks for at a time, at most. */
const PAGE_ROWS = 100;
const values = Array.from({ length: 64 }, (_, index) => 0.2 + index / 8);

export const monitor: Group = {
  summary:
    "what the server measures of itself: an entry, a second's sample, a page for the dashboard, a scrape",
  async run(effort) {
    const counters = new Counters();
    const loopDelay = new LoopDelay();
    let clockMs = 0;
    const recorder = new Recorder({
      counters,
      loopDelay,
      files: new FileSizes(import.meta.path),
      clockMs: () => clockMs,
      now: () => clockMs,
    });
    const rows: Row[] = [];
    const add = (name: string, timing: Timing) => rows.push({ name, values: { ...timing } });

    const { commitMs } = counters;
    add("record one duration", await timeEach(effort, values, (value) => commitMs.record(value)));
    counters.hasherCpuMs = () => clockMs / 10;
    const distributions = Object.values(distributionSeries).map((of) => of(counters));
    for (const code of ["RATE_LIMITED", "NOT_A_MEMBER", "SIGN_IN_BUSY"]) counters.refused(code);
    const sample = (value: number) => {
      clockMs += 1000;
      counters.messagesIn += 100;
      for (const distribution of distributions) distribution.record(value);
      recorder.sample();
    };
    add(
      "a second's sample, with an entry in each distribution",
      await timeEach(effort, values, sample),
    );
    // So that there are pages, however short the measurement was.
    for (let second = 0; second < 2 * PAGE_ROWS; second++) sample(1);
    const newest = recorder.newest(1) as number;
    for (const count of [1, PAGE_ROWS]) {
      add(
        `page of ${count} row${count === 1 ? "" : "s"}, encoded`,
        await timeEach(effort, values, () =>
          toBinary(FiguresHistorySchema, describePage(recorder.page(1, newest - count, count))),
        ),
      );
    }
    const files = new FileSizes(import.meta.path);
    const scrape = exposition({
      counters,
      files: () => files.newest,
      disk: () => ({ freeBytes: clockMs, totalBytes: clockMs }),
      loopDelayMs: () => loopDelay.worstP99Ms(0),
      version: "0.0.0",
      codes: errorNames,
      closeCodes: ["1000", "1001", "4000"],
      isDiskWritable: () => true,
      arrivalsWaiting: () => 0,
      connectionLimit: 1,
      backupEveryMs: null,
    });
    add(
      "answer to a scrape of /metrics",
      await timeOwn(effort, async () => {
        const beganNs = Bun.nanoseconds();
        await scrape();
        return Bun.nanoseconds() - beganNs;
      }),
    );
    loopDelay.stop();
    const bytes = toBinary(
      FiguresHistorySchema,
      describePage(recorder.page(1, newest - PAGE_ROWS, PAGE_ROWS)),
    ).length;
    const note = `All history takes ${recorder.bytes} bytes; a page of ${PAGE_ROWS} rows ${bytes}.`;
    return [{ title: "The monitor", note, columns: timingColumns, rows }];
  },
};
