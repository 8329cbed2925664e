import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../support/debian.ts";
import { promtool } from "../support/promtool.ts";
import { startServer } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { alertCases } from "./alert_cases.ts";

const root = join(import.meta.dir, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const PATIENCE_MS = 60_000;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly expr: string; readonly refId: string }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly thresholds: { readonly steps: readonly { readonly value: number | null }[] };
    };
  };
}

const rulesFile = "deploy/prometheus/alerts.yaml";
const { groups } = Bun.YAML.parse(read(rulesFile)) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read("deploy/grafana/hubbub.json")) as {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
};
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** The names of metrics that an expression asks for. */
function namesIn(expression: string): string[] {
  return expression.match(/\b(?:hubbub|process)_[a-z_]+\b/g) ?? [];
}

/** The names that have a series in what a scrape answers. */
async function scrape(url: string): Promise<Set<string>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Set(samples.map((line) => line.split(/[{ ]/)[0] as string));
}

test(
  "every metric that the dashboard and the alerts ask for is one that the server tells",
  async () => {
    const folder = makeFolder();
    await using server = await startServer({ backups: `${folder} every 1d keep 1` });
    const asked = new Set([...queries, ...rules.map(({ expr }) => expr)].flatMap(namesIn));
    expect(asked.size).toBeGreaterThan(30);
    const unknown = async () => asked.difference(await scrape(server.url));
    // Sizes are known a moment after somebody has asked for the first time.
    await until(async () => !(await unknown()).has("hubbub_database_bytes"));
    expect([...(await unknown())]).toEqual([]);
    removeFolder(folder);
  },
  PATIENCE_MS,
);

describe("the alerts", () => {
  const names = rules.map(({ alert }) => alert);

  test("have a section each in OPERATIONS.md, and every section has an alert", () => {
    const text = read("docs/OPERATIONS.md");
    const sections = [...text.matchAll(/^### (Hubbub\w+)$/gm)].map(([, name]) => name as string);
    expect(sections).toEqual(names);
  });

  test("lead to their sections, and say how bad it is", () => {
    for (const { alert, labels, annotations } of rules) {
      expect(annotations.runbook_url).toBe(`docs/OPERATIONS.md#${alert.toLowerCase()}`);
      expect(annotations.summary).not.toBe("");
      expect(["warning", "critical"]).toContain(labels.severity);
    }
  });

  test("are tried, each of them", () => {
    expect(Object.keys(alertCases)).toEqual(names);
  });
});

const tool = findProgram("promtool", "prometheus");
const without = "with promtool (skipped: it is not here and could not be fetched)";
describe.skipIf(tool === undefined)(tool === undefined ? without : "promtool", () => {
  const run = (args: readonly string[], input?: string) => promtool(tool as string, args, input);

  test(
    "finds nothing wrong with the metrics",
    async () => {
      await using server = await startServer();
      const text = await (await fetch(`${server.url}/metrics`)).text();
      expect(await run(["check", "metrics"], text)).toEqual({ code: 0, said: "" });
    },
    PATIENCE_MS,
  );

  test("takes the rules and the configuration", async () => {
    const rules = await run(["check", "rules", join(root, rulesFile)]);
    expect([rules.code, rules.said]).toEqual([0, expect.stringContaining("SUCCESS")]);
    const config = await run(["check", "config", join(root, "deploy/prometheus/prometheus.yaml")]);
    expect([config.code, config.said]).toEqual([0, expect.stringContaining("SUCCESS")]);
  });

  test(
    "sees each alert fire when it should, and be silent when it should not",
    async () => {
      const tests = Object.entries(alertCases).flatMap(([alertname, { at, fires, calm }]) => {
        const rule = rules.find(({ alert }) => alert === alertname) as Rule;
        return [fires, calm].map((series) => ({
          interval: "15s",
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          // That it fires, and under which labels; its words have values in them.
          promql_expr_test: [
            {
              expr: `count(ALERTS{alertname="${alertname}", alertstate="firing"})`,
              eval_time: at,
              exp_samples: series === fires ? [{ labels: "{}", value: 1 }] : [],
            },
            {
              expr: `count(ALERTS{alertname="${alertname}", severity!="${rule.labels.severity}"})`,
              eval_time: at,
              exp_samples: [],
            },
          ],
        }));
      });
      const folder = makeFolder();
      const file = join(folder, "tests.yaml");
      const rule_files = [join(root, rulesFile)];
      await Bun.write(file, JSON.stringify({ rule_files, evaluation_interval: "15s", tests }));
      expect(await run(["test", "rules", file])).toMatchObject({ code: 0 });
      removeFolder(folder);
    },
    PATIENCE_MS,
  );

  test("reads every query of the dashboard", async () => {
    const folder = makeFolder();
    const file = join(folder, "queries.yaml");
    const filled = (expr: string) =>
      expr.replaceAll("$__rate_interval", "5m").replaceAll("$job", "hubbub");
    const recorded = queries.map((expr, index) => ({
      record: `query:${index}`,
      expr: filled(expr),
    }));
    await Bun.write(file, JSON.stringify({ groups: [{ name: "dashboard", rules: recorded }] }));
    expect(await run(["check", "rules", file])).toMatchObject({ code: 0 });
    removeFolder(folder);
  });
});

describe("the dashboard", () => {
  const shown = dashboard.panels.filter(({ type }) => type !== "row");

  test("has what Grafana needs to import it", () => {
    expect(dashboard).toMatchObject({ uid: "hubbub", title: "Hubbub", id: null });
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("has panels with a title, a unit, queries of their own and a place that is theirs", () => {
    const taken = new Set<string>();
    for (const { title, type, gridPos, targets = [], fieldConfig } of shown) {
      expect([title, ["timeseries", "stat"].includes(type)]).toEqual([title, true]);
      expect([title, fieldConfig?.defaults.unit]).toEqual([title, expect.stringMatching(/./)]);
      expect(targets.length).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect([title, taken.has(`${x} ${y}`)]).toEqual([title, false]);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  test("draws the targets of the load test", () => {
    const latency = shown.find(({ title }) => title === "Latency in the server");
    const steps = latency?.fieldConfig?.defaults.thresholds.steps.map(({ value }) => value);
    expect(steps).toEqual([null, 0.2, 0.5, 1]);
  });
});
