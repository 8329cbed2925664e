import type { ContenderName } from "./contenders.ts";
import type { Measurement } from "./messages.ts";

/** One server at one rate in one round, as baselines.json has it. */
export interface Row extends Measurement {
  readonly server: ContenderName;
  readonly round: number;
  /** Times the standard workload's message rate. */
  readonly rate: number;
  /** Null where nothing was delivered. */
  readonly serverCpuUsPerDelivery: number | null;
  /** In cores. */
  readonly serverLoad: number;
  readonly testerLoad: number;
  /** Everything owed came, once; or it was only late. A row that is not sound says nothing. */
  readonly isSound: boolean;
  /** The server had nothing left. */
  readonly isServerBound: boolean;
  /** The tester had nothing left: the server may be better than the row says. */
  readonly isTesterBound: boolean;
  /** Deliveries took long, or were still coming when it was closed. */
  readonly isLate: boolean;
}

/** A tester above this load may be what is measured. */
const MOST_TESTER_LOAD = 0.9;
/** A server above this load has nothing left. */
const MOST_SERVER_LOAD = 0.97;
/** Deliveries that take longer at the 99th percentile are late. */
const LATE_MS = 1000;

export function rowOf(
  server: ContenderName,
  rate: number,
  round: number,
  measurement: Measurement,
): Row {
  const { seconds, deliveries, serverCpuUs, testerCpuUs, latencyMs } = measurement;
  const { settled, missing, surplus, unanswered } = measurement;
  const serverLoad = serverCpuUs / seconds / 1e6;
  const testerLoad = testerCpuUs / seconds / 1e6;
  const isComplete = settled === "late" || (missing === 0 && unanswered === 0);
  return {
    ...{ server, round, rate },
    ...measurement,
    serverCpuUsPerDelivery: deliveries === 0 ? null : serverCpuUs / deliveries,
    serverLoad,
    testerLoad,
    isSound: surplus === 0 && isComplete && deliveries > 0,
    isServerBound: serverLoad > MOST_SERVER_LOAD,
    isTesterBound: testerLoad > MOST_TESTER_LOAD,
    isLate: settled === "late" || latencyMs.p99 > LATE_MS,
  };
}
