import { judge } from "./expectations.ts";
import type { FleetOutcome } from "./fleet.ts";
import { describeMachine, describeVersions } from "./machine.ts";
import type { RunOptions } from "./options.ts";
import type { Result } from "./result.ts";
import type { Timeline } from "./timeline.ts";
import { verdictOf } from "./verdict.ts";

/** What was found out, before it is put together. */
export interface Findings {
  readonly options: RunOptions;
  readonly timeline: Timeline;
  readonly outcome: FleetOutcome;
  readonly serverEnded: string | undefined;
  readonly startedAt: string;
  readonly durationSeconds: number;
  readonly serverVersion: string;
  readonly wasInterrupted: boolean;
  /** Undefined where the server did not tell. */
  readonly atRestBytes: number | undefined;
}

/** The result of a run. */
export function assemble(findings: Findings): Result {
  const { options, timeline, outcome, atRestBytes } = findings;
  const { parameters } = options;
  const { integrity, usersConnected } = outcome;
  const whole = timeline.whole();
  const plateau = timeline.plateau();
  const steady = plateau ?? whole;
  const { seconds, totals } = timeline;
  const expectations = judge(options.targets, whole.latencies.delivery);
  const peakResident = Math.max(
    0,
    ...seconds.map(({ serverResidentBytes }) => serverResidentBytes),
  );
  const resumed = whole.resume === null ? {} : { resumeMs: whole.resume };
  const stages = timeline.stages;
  const memory =
    parameters.actions === 0 && atRestBytes !== undefined
      ? { memory: memoryOf(atRestBytes, steady.mostResidentBytes, usersConnected) }
      : {};
  return {
    formatVersion: 1,
    startedAt: findings.startedAt,
    durationSeconds: Math.round(findings.durationSeconds * 1000) / 1000,
    parameters,
    machine: describeMachine(),
    versions: describeVersions(findings.serverVersion),
    ...verdictOf({
      integrity,
      expectations,
      users: parameters.users,
      usersConnected,
      messagesSent: totals.messagesSent,
      messagesAcknowledged: totals.messagesAcknowledged,
      errors: timeline.errors,
      wasInterrupted: findings.wasInterrupted,
      serverEnded: findings.serverEnded,
      testerLoad: steady.busiestTesterLoad,
      serverLoad: steady.serverLoad,
      testerLatenessP99Ms: whole.latenessP99Ms,
    }),
    latencyMs: whole.latencies,
    plateauLatencyMs: plateau?.latencies ?? null,
    integrity,
    totals: { usersConnected, ...totals },
    volume: {
      peakPerSecond: Math.max(0, ...seconds.map(({ deliveries }) => deliveries)),
      plateauPerSecond: Math.round(steady.deliveriesPerSecond),
    },
    load: {
      serverPlateau: steady.serverLoad,
      testerPlateau: steady.testerLoad,
      serverPeakResidentBytes: peakResident,
      testerLatenessP99Ms: whole.latenessP99Ms,
    },
    errors: timeline.errors,
    expectations,
    seconds,
    ...(stages === undefined ? {} : { stagesMs: stages }),
    ...resumed,
    ...memory,
  };
}

function memoryOf(atRestBytes: number, connectedBytes: number, connections: number) {
  const perConnectionBytes = Math.round((connectedBytes - atRestBytes) / Math.max(1, connections));
  return { atRestBytes, connectedBytes, perConnectionBytes };
}
