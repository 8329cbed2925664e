import type { Latency, Result } from "../../loadtest/result.ts";
import { fixtureResult } from "./fixture_result.ts";

const nothing: Latency = { count: 0, p50: 0, p90: 0, p95: 0, p99: 0, p999: 0, max: 0 };

/** The runs that leave a report with little to draw, or with something bad to say. */
export const edgeCases = {
  /** Ended before all were connected. */
  noPlateau(): Result {
    const result = fixtureResult();
    const seconds = result.seconds.slice(0, 40);
    return { ...result, seconds, durationSeconds: 40, plateauLatencyMs: null };
  },

  /** The monitor never got an answer, so the server's load is not known either. */
  noPongs(): Result {
    const result = fixtureResult();
    const seconds = result.seconds.map((second) => ({
      ...second,
      pingMs: null,
      serverLoad: 0,
      volumePerSecond: 0,
      coreLoad: [],
      serverResidentBytes: 0,
    }));
    const latencyMs = { ...result.latencyMs, ping: nothing };
    const load = { ...result.load, serverPlateau: 0, serverPeakResidentBytes: 0 };
    return { ...result, seconds, latencyMs, load };
  },

  /** Everybody connected and nobody said a word. */
  nothingDelivered(): Result {
    const result = fixtureResult({ users: 20 });
    const seconds = result.seconds.map((second) => ({
      ...second,
      messagesSent: 0,
      deliveries: 0,
      volumePerSecond: 0,
      ackP99Ms: null,
      deliveryP50Ms: null,
      deliveryP99Ms: null,
    }));
    return {
      ...result,
      seconds,
      latencyMs: { ...result.latencyMs, ack: nothing, delivery: nothing },
      plateauLatencyMs: null,
      totals: { ...result.totals, messagesSent: 0, messagesAcknowledged: 0, deliveries: 0 },
      volume: { peakPerSecond: 0, plateauPerSecond: 0 },
      expectations: [],
    };
  },

  oneSecond(): Result {
    const result = fixtureResult({ users: 4 });
    return { ...result, seconds: result.seconds.slice(0, 1), durationSeconds: 1 };
  },

  /** Not even one second passed. */
  noSeconds(): Result {
    return { ...edgeCases.nothingDelivered(), seconds: [], durationSeconds: 0.3 };
  },

  interrupted(): Result {
    return {
      ...edgeCases.noPlateau(),
      verdict: "interrupted",
      because: "Ended by Ctrl-C after 40 s; what was delivered until then was in order.",
    };
  },

  lostMessages(): Result {
    const result = fixtureResult({ slowness: 9 });
    const { delivery } = result.latencyMs;
    return {
      ...result,
      verdict: "failed",
      because: "3 messages were lost, 1 was doubled and 2 came out of order; p99 was above 400 ms.",
      integrity: {
        lost: 3,
        doubled: 1,
        reordered: 2,
        examples: [
          "user 17 in test_3: 812, 813 and 814 never came",
          "user 40 in test_0: 96 came twice",
          "user 41 in test_9: 201 came after 202",
        ],
      },
      errors: { RATE_LIMITED: 12, "close 4008": 1 },
      expectations: [
        { percentile: "p90", atMostMs: 250, actualMs: delivery.p90, holds: true },
        { percentile: "p99", atMostMs: 400, actualMs: delivery.p99, holds: false },
      ],
    };
  },

  /** Everybody was cut off and came back. */
  reconnected(): Result {
    const result = fixtureResult({ users: 40 });
    const parameters = { ...result.parameters, profile: "reconnect" };
    const totals = { ...result.totals, reconnects: 40 };
    return { ...result, parameters, totals, resumeMs: result.latencyMs.signIn };
  },

  /** Nobody said a word, for the memory's sake. */
  idle(): Result {
    const memory = { atRestBytes: 80e6, connectedBytes: 82e6, perConnectionBytes: 50_000 };
    return { ...edgeCases.nothingDelivered(), memory };
  },

  testerBound(): Result {
    const result = fixtureResult({ slowness: 20 });
    return {
      ...result,
      verdict: "tester-bound",
      because:
        "The tester was the bottleneck, no verdict: it used 0.98 of its core and its clock ran 310 ms late.",
      load: { ...result.load, testerPlateau: 0.98, testerLatenessP99Ms: 310 },
    };
  },
} as const;
