import type { Latencies, Latency, Result, Stage } from "../result.ts";

/**
 * What JSON has to look like to be a value of a type. Objects may have more fields than those named.
 * - `["or null", shape]`, `["or absent", shape]`, `["list of", shape]`
 * - `["by name", shape]`: an object with any fields, all of that shape
 */
export type Shape =
  | "number"
  | "string"
  | "boolean"
  | readonly ["or null" | "or absent" | "list of" | "by name", Shape]
  | { readonly [field: string]: Shape };

/** The shape of a type: with it the compiler sees that no field of result.ts is forgotten here. */
type ShapeOf<Type> = null extends Type
  ? readonly ["or null", ShapeOf<NonNullable<Type>>]
  : undefined extends Type
    ? readonly ["or absent", ShapeOf<NonNullable<Type>>]
    : Type extends number
      ? "number"
      : Type extends string
        ? "string"
        : Type extends boolean
          ? "boolean"
          : Type extends readonly (infer Element)[]
            ? readonly ["list of", ShapeOf<Element>]
            : string extends keyof Type
              ? readonly ["by name", ShapeOf<Type[keyof Type]>]
              : { readonly [Field in keyof Type]-?: ShapeOf<Type[Field]> };

const latency: ShapeOf<Latency> = {
  count: "number",
  p50: "number",
  p90: "number",
  p95: "number",
  p99: "number",
  p999: "number",
  max: "number",
};

const latencies: ShapeOf<Latencies> = {
  ping: latency,
  ack: latency,
  delivery: latency,
  signIn: latency,
};

const stage: ShapeOf<Stage> = { p50: "number", p99: "number" };

export const resultShape: ShapeOf<Result> = {
  formatVersion: "number",
  startedAt: "string",
  durationSeconds: "number",
  parameters: {
    profile: "string",
    users: "number",
    actions: "number",
    connectEverySeconds: "number",
    startAfterSeconds: "number",
    betweenSeconds: "number",
    mix: { send: "number", join: "number", leave: "number" },
    channels: "number",
    bodyWords: { min: "number", max: "number" },
    encoding: "string",
    holdUntilConnected: "boolean",
    signIn: "string",
    seed: "number",
    timeScale: "number",
    messagesPerUserSecond: "number",
    serverCpu: ["or null", "number"],
    testerCpu: ["or null", "number"],
    url: ["or null", "string"],
    serverSettings: ["or absent", ["by name", "string"]],
  },
  machine: { cpuModel: "string", cores: "number", memoryBytes: "number", kernel: "string" },
  versions: { hubbub: "string", bun: "string", gitCommit: "string", gitDirty: "boolean" },
  verdict: "string",
  because: "string",
  latencyMs: latencies,
  plateauLatencyMs: ["or null", latencies],
  integrity: {
    lost: "number",
    doubled: "number",
    reordered: "number",
    examples: ["list of", "string"],
  },
  totals: {
    usersConnected: "number",
    messagesSent: "number",
    messagesAcknowledged: "number",
    deliveries: "number",
    joins: "number",
    leaves: "number",
    signIns: "number",
    reconnects: ["or absent", "number"],
  },
  resumeMs: ["or absent", latency],
  memory: [
    "or absent",
    { atRestBytes: "number", connectedBytes: "number", perConnectionBytes: "number" },
  ],
  volume: { peakPerSecond: "number", plateauPerSecond: "number" },
  load: {
    serverPlateau: "number",
    testerPlateau: "number",
    serverPeakResidentBytes: "number",
    testerLatenessP99Ms: "number",
  },
  stagesMs: [
    "or absent",
    {
      decode: stage,
      checks: stage,
      batchWait: stage,
      handOver: stage,
      commit: stage,
      publish: stage,
      drain: stage,
    },
  ],
  errors: ["by name", "number"],
  expectations: [
    "list of",
    { percentile: "string", atMostMs: "number", actualMs: "number", holds: "boolean" },
  ],
  seconds: [
    "list of",
    {
      atSeconds: "number",
      users: "number",
      messagesSent: "number",
      deliveries: "number",
      volumePerSecond: "number",
      serverLoad: "number",
      coreLoad: ["list of", "number"],
      serverResidentBytes: "number",
      deliveriesSincePing: ["or absent", "number"],
      periodMs: ["or absent", "number"],
      activeAccounts: ["or absent", "number"],
      loopDelayMs: ["or absent", "number"],
      testerLoad: "number",
      pingMs: ["or null", "number"],
      ackP99Ms: ["or null", "number"],
      deliveryP50Ms: ["or null", "number"],
      deliveryP99Ms: ["or null", "number"],
    },
  ],
};

/** The first place where a value is not of the shape, as a sentence's part; null where it is. */
export function misfit(value: unknown, shape: Shape, path: string): string | null {
  if (typeof shape === "string") {
    return typeof value === shape ? null : `${path} is not a ${shape}`;
  }
  if (!isPair(shape)) {
    if (!isObject(value)) return `${path} is not an object`;
    return first(Object.entries(shape), ([field, inner]) =>
      misfit(value[field], inner, path === "" ? field : `${path}.${field}`),
    );
  }
  const [kind, inner] = shape;
  if (kind === "or absent") return value === undefined ? null : misfit(value, inner, path);
  if (kind === "or null") return value === null ? null : misfit(value, inner, path);
  if (kind === "list of") {
    if (!Array.isArray(value)) return `${path} is not a list`;
    return first([...value.entries()], ([index, one]) => misfit(one, inner, `${path}[${index}]`));
  }
  if (!isObject(value)) return `${path} is not an object`;
  return first(Object.entries(value), ([name, one]) => misfit(one, inner, `${path}.${name}`));
}

function first<Item>(items: readonly Item[], of: (item: Item) => string | null): string | null {
  for (const item of items) {
    const found = of(item);
    if (found !== null) return found;
  }
  return null;
}

/** Whether a shape is one of those that stand for another; `Array.isArray` sees no readonly array. */
export function isPair(shape: Shape): shape is Extract<Shape, readonly unknown[]> {
  return Array.isArray(shape);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
