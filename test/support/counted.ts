import type { metrics } from "../../src/monitor/prometheus/table.ts";

/** What `/metrics` of a server says at one moment: the same, whichever process the server is. */
export class Counted {
  readonly #series: ReadonlyMap<string, number>;

  private constructor(text: string) {
    this.#series = seriesOf(text);
  }

  /** Asks the server. */
  static async by(server: { readonly url: string }): Promise<Counted> {
    const response = await fetch(`${server.url}/metrics`);
    if (!response.ok) throw new Error(`/metrics: ${response.status}`);
    return new Counted(await response.text());
  }

  /** A counter or a gauge without a label. */
  value(name: keyof typeof metrics & string): number {
    return this.#named(name);
  }

  /** Batches that have gone through a stage. */
  throughStage(stage: string): number {
    return this.#named(`hubbub_stage_duration_seconds_count{stage="${stage}"}`);
  }

  /** Refusals with that code. */
  refusals(code: string): number {
    return this.#named(`hubbub_refusals_total{code="${code}"}`);
  }

  /** Connections that ended with that code, of those that the server gives. */
  closed(code: number): number {
    return this.#named(`hubbub_connections_closed_total{code="${code}"}`);
  }

  /** Connections that ended, by code; codes without any are left out. */
  get closes(): Record<string, number> {
    const found: Record<string, number> = {};
    for (const [series, count] of this.#series) {
      const [, code] = /^hubbub_connections_closed_total\{code="(.+)"\}$/.exec(series) ?? [];
      if (code !== undefined && count > 0) found[code] = count;
    }
    return found;
  }

  /** A series that is not there is a mistake of the test. */
  #named(series: string): number {
    const value = this.#series.get(series);
    if (value === undefined) throw new Error(`/metrics has no ${series}`);
    return value;
  }
}

/** The value of each series of an answer of `/metrics`, by its name with labels. */
export function seriesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}
