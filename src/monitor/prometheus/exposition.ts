import { readFileSync } from "node:fs";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Distribution } from "../distribution.ts";
import type { Scene, Sources } from "./scene.ts";
import { histograms, type Labelled, metrics } from "./table.ts";

/** What a scrape is answered with: the body's type, and the body. */
export interface Scrape {
  readonly contentType: string;
  readonly text: string;
}

/**
 * Makes the answers to scrapes, in the text format of Prometheus
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Nothing is counted here: each
 * scrape reads what the server counts anyway.
 */
export function exposition(sources: Sources): () => Promise<Scrape> {
  const registry = new Registry();
  const fixed = {
    startedSeconds: Date.now() / 1000 - process.uptime(),
    openFilesLimit: openFilesLimit(),
  };
  const updates = Object.entries(metrics).map(([name, { kind, help, label, read, readEach }]) => {
    const registers = [registry];
    const labelNames = label === undefined ? [] : [label];
    const valuesOf = (scene: Scene): readonly Labelled[] =>
      readEach?.(scene) ?? [["", read?.(scene) ?? Number.NaN]];
    const labelsOf = (value: string) => (label === undefined ? {} : { [label]: value });
    if (kind === "gauge") {
      const gauge = new Gauge({ name, help, labelNames, registers });
      return (scene: Scene) => {
        for (const [value, now] of valuesOf(scene)) {
          if (Number.isNaN(now)) gauge.remove(labelsOf(value));
          else gauge.set(labelsOf(value), now);
        }
      };
    }
    const counter = new Counter({ name, help, labelNames, registers });
    return (scene: Scene) => {
      counter.reset();
      for (const [value, total] of valuesOf(scene)) {
        if (!Number.isNaN(total)) counter.inc(labelsOf(value), total);
      }
    };
  });
  for (const [name, { help, label, exponents, of }] of Object.entries(histograms)) {
    const shown = of(sources.counters).map(([value, distribution]) => ({
      labels: label === undefined ? {} : { [label]: value },
      distribution,
    }));
    registry.registerMetric(new CountedHistogram({ name, help, registers: [] }, exponents, shown));
  }
  new Gauge({
    name: "hubbub_build_info",
    help: "Always 1: the versions of Hubbub and of Bun are its labels.",
    labelNames: ["version", "bun"],
    registers: [registry],
  }).set({ version: sources.version, bun: Bun.version }, 1);

  return async () => {
    const { user, system } = process.cpuUsage();
    const ofThread = process.threadCpuUsage();
    const scene: Scene = {
      ...sources,
      ...fixed,
      cpuSeconds: (user + system) / 1e6,
      mainThreadSeconds: (ofThread.user + ofThread.system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
    };
    for (const update of updates) update(scene);
    return { contentType: registry.contentType, text: await registry.metrics() };
  };
}

interface Shown {
  readonly labels: Readonly<Record<string, string>>;
  /** In ms. */
  readonly distribution: Distribution;
}

/** A histogram of what has been counted already. */
class CountedHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #exponents: readonly [first: number, last: number];
  readonly #shown: readonly Shown[];

  constructor(
    configuration: ConstructorParameters<typeof Histogram>[0],
    exponents: readonly [first: number, last: number],
    shown: readonly Shown[],
  ) {
    super(configuration);
    this.#name = configuration.name;
    this.#help = configuration.help;
    this.#exponents = exponents;
    this.#shown = shown;
  }

  /** What the registry asks for. */
  async getForPromString() {
    return {
      name: this.#name,
      help: this.#help,
      type: "histogram",
      values: this.#shown.flatMap((shown) => this.#valuesOf(shown)),
    };
  }

  #valuesOf({ labels, distribution }: Shown) {
    const named = (suffix: string, value: number, more: Readonly<Record<string, string>> = {}) => ({
      metricName: `${this.#name}_${suffix}`,
      labels: { ...more, ...labels },
      value,
    });
    const [first, last] = this.#exponents;
    const count = distribution.countUpTo(Number.POSITIVE_INFINITY);
    const values = [];
    for (let exponent = first; exponent <= last; exponent++) {
      const le = `${2 ** exponent / 1e6}`;
      values.push(named("bucket", distribution.countUpTo(exponent), { le }));
    }
    values.push(named("bucket", count, { le: "+Inf" }));
    values.push(named("sum", distribution.sum / 1000), named("count", count));
    return values;
  }
}

/** The soft limit of this process, on Linux. */
function openFilesLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
    return Number(soft ?? Number.NaN);
  } catch {
    return Number.NaN;
  }
}
