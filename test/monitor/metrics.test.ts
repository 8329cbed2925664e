import { expect, test } from "bun:test";
import { Counters } from "../../src/monitor/counters.ts";
import { Distribution } from "../../src/monitor/distribution.ts";
import { exposition } from "../../src/monitor/prometheus/exposition.ts";
import type { Sources } from "../../src/monitor/prometheus/scene.ts";
import { histograms, metrics } from "../../src/monitor/prometheus/table.ts";
import { seriesOf } from "../support/counted.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register, startServer } from "../support/server.ts";

const GENERAL = 1;
const PATIENCE_MS = 30_000;

/** Scrapes, and gives the value of each series by its name with labels. */
function scraper(counters: Counters, others: Partial<Sources> = {}) {
  const scrape = exposition({
    counters,
    files: () => ({ databaseBytes: 4096, walBytes: 0 }),
    disk: () => ({ freeBytes: 1000, totalBytes: 2000 }),
    loopDelayMs: () => 2,
    version: "1.2.3",
    codes: ["RATE_LIMITED", "INTERNAL"],
    closeCodes: ["4000"],
    isDiskWritable: () => true,
    arrivalsWaiting: () => 0,
    connectionLimit: 10,
    backupEveryMs: null,
    ...others,
  });
  return async () => seriesOf((await scrape()).text);
}

test("a scrape tells what has been counted, each time anew, in seconds", async () => {
  const counters = new Counters();
  const scrape = scraper(counters);
  counters.messagesIn = 3;
  counters.slowCommitsMs = 1500;
  expect((await scrape()).get("hubbub_messages_total")).toBe(3);
  counters.messagesIn = 5;
  counters.connections = 2;
  const series = await scrape();
  expect(series.get("hubbub_messages_total")).toBe(5);
  expect(series.get("hubbub_connections")).toBe(2);
  expect(series.get("hubbub_slow_commits_seconds_total")).toBe(1.5);
  expect(series.get("hubbub_event_loop_delay_seconds")).toBe(0.002);
  expect(series.get(`hubbub_build_info{version="1.2.3",bun="${Bun.version}"}`)).toBe(1);
});

test("a histogram counts up to each bound, and its sum and count are those of all values", async () => {
  const counters = new Counters();
  const scrape = scraper(counters);
  for (const ms of [0.001, 0.5, 1.024, 1.025, 3, 60_000, 200_000]) counters.commitMs.record(ms);
  const series = await scrape();
  const upTo = (le: string) =>
    series.get(`hubbub_stage_duration_seconds_bucket{le="${le}",stage="commit"}`);
  expect(
    ["0.000016", "0.000512", "0.001024", "0.002048", "0.004096", "4.194304", "+Inf"].map(upTo),
  ).toEqual([1, 2, 3, 4, 5, 5, 7]);
  expect(series.get('hubbub_stage_duration_seconds_count{stage="commit"}')).toBe(7);
  expect(series.get('hubbub_stage_duration_seconds_sum{stage="commit"}')).toBeCloseTo(260.00555, 6);
  expect(series.get('hubbub_stage_duration_seconds_count{stage="drain"}')).toBe(0);
});

test("a distribution counts each value at or below the next power of two", () => {
  for (let exponent = 0; exponent <= 26; exponent++) {
    const distribution = new Distribution();
    const bound = 2 ** exponent;
    distribution.record(bound / 1000);
    distribution.record((bound + 1) / 1000);
    expect([exponent, distribution.countUpTo(exponent)]).toEqual([exponent, 1]);
  }
  const distribution = new Distribution();
  for (const value of [-5, 0, Number.MAX_SAFE_INTEGER]) distribution.record(value);
  expect(distribution.countUpTo(0)).toBe(2);
  expect(distribution.countUpTo(Number.POSITIVE_INFINITY)).toBe(3);
});

test("each code is there from the start, and no other ever comes", async () => {
  const counters = new Counters();
  const scrape = scraper(counters);
  const before = await scrape();
  expect(before.get('hubbub_refusals_total{code="RATE_LIMITED"}')).toBe(0);
  expect(before.get('hubbub_connections_closed_total{code="4000"}')).toBe(0);
  counters.refused("RATE_LIMITED");
  counters.refused("SOMETHING_ELSE");
  counters.closed("1006 one reason");
  counters.closed("1006 another one");
  const after = await scrape();
  expect(after.get('hubbub_refusals_total{code="RATE_LIMITED"}')).toBe(1);
  expect(after.get('hubbub_connections_closed_total{code="1006"}')).toBe(2);
  expect([...after.keys()].filter((key) => key.includes("SOMETHING"))).toEqual([]);
});

test("what is not known is left out, and is there once it is known", async () => {
  let databaseBytes = Number.NaN;
  const scrape = scraper(new Counters(), { files: () => ({ databaseBytes, walBytes: 0 }) });
  const before = await scrape();
  expect(before.has("hubbub_database_bytes")).toBe(false);
  expect(before.has("hubbub_backup_interval_seconds")).toBe(false);
  expect(before.has('hubbub_cpu_seconds_total{process="hasher"}')).toBe(false);
  databaseBytes = 8192;
  expect((await scrape()).get("hubbub_database_bytes")).toBe(8192);
  expect([...(await scrape()).values()].every(Number.isFinite)).toBe(true);
});

test("names keep to the conventions", () => {
  for (const [name, { kind }] of Object.entries(metrics)) {
    expect(name).toMatch(/^(hubbub|process)_[a-z]+(_[a-z]+)*$/);
    expect([name, name.endsWith("_total")]).toEqual([name, kind === "counter"]);
  }
  for (const name of Object.keys(histograms)) expect(name).toMatch(/^hubbub_[a-z_]+_seconds$/);
});

test(
  "the server answers with its own figures, and with 404 what came through a proxy",
  async () => {
    await using server = await startServer();
    const ada = await RawConnection.open(
      server.url,
      (await register(server.url, "ada")).accessToken,
    );
    await ada.expect("resumed", { case: "resume", value: {} });
    await ada.expect("sent", send(GENERAL, "hello"));
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const series = seriesOf(await answer.text());
    expect(series.get("hubbub_messages_total")).toBe(1);
    expect(series.get("hubbub_connections")).toBe(1);
    expect(series.get("hubbub_store_writable")).toBe(1);
    expect(series.get('hubbub_stage_duration_seconds_count{stage="commit"}')).toBe(1);
    expect(series.get("hubbub_password_hashes_total")).toBe(1);
    expect(series.get("hubbub_connections_limit")).toBe(20_000);
    const proxied = await fetch(`${server.url}/metrics`, { headers: { "X-Forwarded-For": "::1" } });
    expect([proxied.status, await proxied.json()]).toMatchObject([
      404,
      { error: { code: "NOT_FOUND" } },
    ]);
  },
  PATIENCE_MS,
);
