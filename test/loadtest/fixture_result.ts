import type { Latencies, Latency, Parameters, Result, Second } from "../../loadtest/result.ts";

/** What a fixture's run is like. Everything else follows from it and the seed. */
export interface FixtureOptions {
  readonly seed?: number;
  readonly users?: number;
  readonly encoding?: Parameters["encoding"];
  /** Multiplies every latency. */
  readonly slowness?: number;
  /** Multiplies the server's load. */
  readonly costliness?: number;
}

const CONNECT_EVERY_SECONDS = 0.25;
const STAY_SECONDS = 240;
const BETWEEN_SECONDS = 6;

/**
 * A believable result of the standard workload: users arrive, stay, leave; volume goes with the square
 * of the users, load with the volume, latency with the load. The same options give the same result.
 */
export function fixtureResult(options: FixtureOptions = {}): Result {
  const { seed = 1, users = 250, encoding = "protobuf" } = options;
  const { slowness = 1, costliness = 1 } = options;
  const random = randomFrom(seed);
  const rampSeconds = Math.ceil(users * CONNECT_EVERY_SECONDS);
  const length = STAY_SECONDS + rampSeconds;
  let volume = 0;
  const seconds = Array.from({ length }, (_, at): Second => {
    const arrived = Math.min(users, Math.floor((at + 1) / CONNECT_EVERY_SECONDS));
    const gone = Math.max(0, Math.floor((at - STAY_SECONDS) / CONNECT_EVERY_SECONDS));
    const active = Math.max(0, arrived - gone);
    const signingIn = arrived < users;
    const deliveries = Math.round(0.1 * active ** 2 * (0.93 + 0.14 * random()));
    volume += (deliveries - volume) / 2;
    const serverLoad =
      costliness * (0.02 + volume * 45e-6 + (signingIn ? 0.12 : 0) + 0.03 * random());
    // Mostly close to the middle, now and then far above it.
    const late = 1 + 0.25 * random() + (random() < 0.03 ? 4 * random() : 0);
    const p50 = slowness * (3 + 22 * serverLoad) * (0.9 + 0.2 * random());
    return {
      atSeconds: at,
      users: active,
      messagesSent: Math.round((active / BETWEEN_SECONDS) * 0.94),
      deliveries,
      volumePerSecond: volume,
      serverLoad,
      coreLoad: [Math.min(1, serverLoad + 0.02), 0.35 + 0.05 * random()],
      serverResidentBytes: 90e6 + active * 60e3 + at * 20e3,
      testerLoad: 0.05 + volume * 30e-6 + 0.02 * random(),
      pingMs: p50 * 0.8 * late,
      ackP99Ms: p50 * 1.9 * late,
      deliveryP50Ms: p50,
      deliveryP99Ms: p50 * 2.6 * late,
    };
  });
  const total = (of: (second: Second) => number) => seconds.reduce((sum, one) => sum + of(one), 0);
  const plateau = seconds.filter((second) => second.users === users);
  const mean = (of: (second: Second) => number) =>
    plateau.reduce((sum, one) => sum + of(one), 0) / Math.max(1, plateau.length);
  const latencyMs = latencies(
    slowness,
    users,
    total((second) => second.deliveries),
  );
  return {
    formatVersion: 1,
    startedAt: "2026-03-14T09:26:53.000Z",
    durationSeconds: length + 0.6,
    parameters: {
      profile: "standard",
      users,
      actions: STAY_SECONDS / BETWEEN_SECONDS,
      connectEverySeconds: CONNECT_EVERY_SECONDS,
      startAfterSeconds: 0,
      betweenSeconds: BETWEEN_SECONDS,
      mix: { send: 94, join: 3, leave: 3 },
      channels: 10,
      bodyWords: { min: 1, max: 10 },
      encoding,
      holdUntilConnected: false,
      signIn: "password",
      seed,
      timeScale: 1,
      messagesPerUserSecond: 0.94 / BETWEEN_SECONDS,
      serverCpu: 0,
      testerCpu: 1,
      url: null,
    },
    machine: {
      cpuModel: "Fixture CPU @ 2.60GHz",
      cores: 2,
      memoryBytes: 24 * 2 ** 30,
      kernel: "Linux 6.8.0",
    },
    versions: {
      hubbub: "0.1.0",
      bun: "1.4.5",
      gitCommit: "0123456789abcdef0123456789abcdef01234567",
      gitDirty: false,
    },
    verdict: "passed",
    because: "Every expectation held and nothing was lost, doubled or reordered.",
    latencyMs,
    plateauLatencyMs: latencies(slowness * 0.9, users, latencyMs.delivery.count * 0.7),
    integrity: { lost: 0, doubled: 0, reordered: 0, examples: [] },
    totals: {
      usersConnected: users,
      messagesSent: total((second) => second.messagesSent),
      messagesAcknowledged: total((second) => second.messagesSent),
      deliveries: total((second) => second.deliveries),
      joins: users * 5,
      leaves: users,
      signIns: users,
    },
    volume: {
      peakPerSecond: Math.max(...seconds.map((second) => second.deliveries)),
      plateauPerSecond: mean((second) => second.deliveries),
    },
    load: {
      serverPlateau: mean((second) => second.serverLoad),
      testerPlateau: mean((second) => second.testerLoad),
      serverPeakResidentBytes: Math.max(...seconds.map((second) => second.serverResidentBytes)),
      testerLatenessP99Ms: 1.8,
    },
    stagesMs: {
      decode: { p50: 0.001, p99: 0.004 },
      checks: { p50: 0.002, p99: 0.009 },
      batchWait: { p50: 2.1, p99: 8.4 * slowness },
      handOver: { p50: 0.3, p99: 1.2 },
      commit: { p50: 0.4, p99: 2.5 },
      publish: { p50: 0.2, p99: 0.7 },
      drain: { p50: 0.9, p99: 3.1 },
    },
    errors: {},
    expectations: (
      [
        ["p90", 200],
        ["p99", 400],
      ] as const
    ).map(([percentile, atMostMs]) => {
      const actualMs = latencyMs.delivery[percentile];
      return { percentile, atMostMs, actualMs, holds: actualMs <= atMostMs };
    }),
    seconds,
  };
}

function latencies(slowness: number, users: number, deliveries: number): Latencies {
  const spread = (middle: number, count: number): Latency => ({
    count: Math.round(count),
    p50: middle * slowness,
    p90: middle * 2.1 * slowness,
    p95: middle * 2.9 * slowness,
    p99: middle * 5.2 * slowness,
    p999: middle * 11 * slowness,
    max: middle * 19 * slowness,
  });
  return {
    ping: spread(8.4, 300),
    ack: spread(9.7, deliveries / users),
    delivery: spread(11.3, deliveries),
    signIn: spread(41, users),
  };
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
