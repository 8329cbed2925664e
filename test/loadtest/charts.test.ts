import { describe, expect, test } from "bun:test";
import type { EChartsOption, SeriesOption } from "echarts";
import { byUsers } from "../../loadtest/report/charts/by_users.ts";
import { figures } from "../../loadtest/report/charts/figures.ts";
import { latencyByVolume } from "../../loadtest/report/charts/latency_by_volume.ts";
import { loadByLatency } from "../../loadtest/report/charts/load_by_latency.ts";
import { loadByVolume } from "../../loadtest/report/charts/load_by_volume.ts";
import { overTime } from "../../loadtest/report/charts/over_time.ts";
import { latencyPercentiles } from "../../loadtest/report/charts/percentiles.ts";
import { colour, darkTheme, lightTheme } from "../../loadtest/report/charts/theme.ts";
import type { Second } from "../../loadtest/result.ts";
import { edgeCases } from "./edge_cases.ts";
import { fixtureResult } from "./fixture_result.ts";

const result = fixtureResult();
const { seconds } = result;

describe("graph 1, CPU load against volume and latency,", () => {
  test("has every second once, in the colour of its phase", () => {
    const points = seriesOf(loadByVolume.option(result)).flatMap(dataOf);
    expect(points).toEqual(
      seconds.map(({ volumePerSecond, serverLoad, atSeconds }) => [
        volumePerSecond,
        serverLoad,
        atSeconds,
      ]),
    );
    expect(seriesOf(loadByVolume.option(result)).map(({ name }) => String(name))).toEqual([
      "users signing in",
      "all users connected",
      "users leaving",
    ]);
  });

  test("has median, p99 and ping of every second", () => {
    const [p50, p99, ping] = seriesOf(loadByLatency.option(result)).map(dataOf);
    const against = (of: (second: Second) => number | null) =>
      seconds.map((second) => [of(second), second.serverLoad, second.atSeconds]);
    expect(p50).toEqual(against(({ deliveryP50Ms }) => deliveryP50Ms));
    expect(p99).toEqual(against(({ deliveryP99Ms }) => deliveryP99Ms));
    expect(ping).toEqual(against(({ pingMs }) => pingMs));
  });
});

test("a soak's clouds leave out what would lie on each other, never an outlier", () => {
  const soak = Array.from({ length: 20_000 }, (_, at) => second(at, { serverLoad: 0.5 }));
  const outlier = second(20_000, { serverLoad: 2, volumePerSecond: 1 });
  const option = loadByVolume.option({ ...result, seconds: [...soak, outlier] });
  const points = seriesOf(option).flatMap(dataOf);
  expect(points.length).toBeLessThan(500);
  expect(points).toContainEqual([1, 2, 20_000]);
});

describe("graph 2, the time of the run,", () => {
  test("has volume and loads of every second, and the plateau shaded", () => {
    const [volume, server, tester] = seriesOf(overTime.option(result));
    expect(dataOf(volume)).toEqual(seconds.map((one) => [one.atSeconds, one.volumePerSecond]));
    expect(dataOf(server)).toEqual(seconds.map((one) => [one.atSeconds, one.serverLoad]));
    expect(dataOf(tester)).toEqual(seconds.map((one) => [one.atSeconds, one.testerLoad]));
    const full = seconds.filter(({ users }) => users === 250);
    expect(volume).toMatchObject({
      markArea: { data: [[{ xAxis: full[0]?.atSeconds }, { xAxis: full.at(-1)?.atSeconds }]] },
    });
  });

  test("shades nothing where the users were never all there", () => {
    for (const series of seriesOf(overTime.option(edgeCases.noPlateau()))) {
      expect(series).not.toHaveProperty("markArea");
    }
  });
});

test("graph 3 has volume and load of every second against its users", () => {
  const points = seriesOf(byUsers.option(result)).flatMap(dataOf);
  expect(points).toEqual([
    ...seconds.map((one) => [one.users, one.volumePerSecond, one.atSeconds]),
    ...seconds.map((one) => [one.users, one.serverLoad, one.atSeconds]),
  ]);
});

test("graph 4 has the quartiles of the seconds in each bin of volume", () => {
  const five = [1, 2, 3, 4, 9].map((ms, index): Second => second(index, { pingMs: ms }));
  const faster = second(5, { volumePerSecond: 65, pingMs: 7 });
  const option = latencyByVolume.option({ ...result, seconds: [...five, faster] });
  expect(option.xAxis).toMatchObject({ data: ["20–30", "60–70"].map(String) });
  const [ping] = seriesOf(option);
  expect(dataOf(ping)).toEqual([
    [1, 2, 3, 4, 9],
    [7, 7, 7, 7, 7],
  ]);
});

describe("graph 5, the percentiles,", () => {
  test("has the delivery latencies, with their values in words", () => {
    const option = latencyPercentiles.option(result);
    const { p50, p90, p95, p99, p999, max } = result.latencyMs.delivery;
    expect(dataOf(seriesOf(option)[0])).toEqual([p50, p90, p95, p99, p999, max]);
    expect(option.xAxis).toMatchObject({ data: expect.arrayContaining(["p99\n58.8 ms"]) });
  });

  test("has the standing targets, and what was asked for in place of them", () => {
    const { expectations } = result;
    expect(targetsIn(latencyPercentiles.option({ ...result, expectations: [] }))).toEqual([
      [1, 200],
      [2, 500],
      [3, 1000],
    ]);
    expect(expectations.map(({ atMostMs }) => atMostMs)).toEqual([200, 400]);
    expect(targetsIn(latencyPercentiles.option(result))).toEqual([
      [1, 200],
      [2, 500],
      [3, 400],
    ]);
  });

  test("tells in words which target was broken", () => {
    const broken = latencyPercentiles.option(edgeCases.lostMessages());
    expect(JSON.stringify(broken)).toContain("≤ 400 ✗");
    expect(JSON.stringify(broken)).toContain("≤ 250 ✓");
  });
});

test.each(figures.map((figure) => [figure.id, figure] as const))(
  "%s says so where it has nothing to show",
  (_, figure) => {
    const { title, series } = figure.option(edgeCases.noSeconds());
    expect(series).toBeUndefined();
    expect(title).toHaveProperty("text");
  },
);

test("every colour stands out from both backgrounds by 3:1", () => {
  const light = lightTheme("").tooltip.backgroundColor;
  const dark = darkTheme("").tooltip.backgroundColor;
  for (const [name, ink] of Object.entries(colour)) {
    for (const ground of [light, dark]) {
      expect([name, ground, contrast(ink, ground) >= 3]).toEqual([name, ground, true]);
    }
  }
});

function second(atSeconds: number, values: Partial<Second>): Second {
  const none = { ackP99Ms: null, deliveryP50Ms: null, deliveryP99Ms: null };
  const [first] = seconds;
  if (first === undefined) throw new Error("the fixture has no second");
  return { ...first, ...none, atSeconds, volumePerSecond: 20 + atSeconds, ...values };
}

function seriesOf({ series = [] }: EChartsOption): SeriesOption[] {
  return [series].flat();
}

function dataOf(series: SeriesOption | undefined): unknown[] {
  return (series?.data ?? []) as unknown[];
}

function targetsIn(option: EChartsOption): unknown[] {
  const targets = seriesOf(option).find(({ name }) => name === "target");
  return dataOf(targets).map((target) => (target as { value: unknown }).value);
}

/** As WCAG 2.2 defines it, of two colours as `#rrggbb`. */
function contrast(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const share = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
