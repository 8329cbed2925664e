import { makePool } from "../../loadtest/accounts.ts";
import { runOptionsOf } from "../../loadtest/options.ts";
import { addCounts, latencyOf, newHistogram } from "../../loadtest/percentiles.ts";
import { profileOf } from "../../loadtest/profiles.ts";
import type { Integrity, Latency } from "../../loadtest/result.ts";
import { nowUs } from "../../loadtest/tester/clock.ts";
import { Crew } from "../../loadtest/tester/crew.ts";
import type { SecondReport } from "../../loadtest/tester/messages.ts";

type Flags = Parameters<typeof runOptionsOf>[0];

export interface StubRun {
  readonly integrity: Integrity;
  readonly delivery: Latency;
  readonly ack: Latency;
  readonly deliveries: number;
  readonly messagesSent: number;
  readonly errors: Record<string, number>;
}

/** Lets a crew in this process loose on a server, and gathers what it tells. */
export async function runCrew(
  url: string,
  flags: Partial<Flags>,
  onArrived: (crew: Crew) => void = () => {},
): Promise<StubRun> {
  const defaults = { profile: "one-room", encoding: "protobuf", signIn: "password" } as const;
  const { parameters } = runOptionsOf({ ...defaults, connectEvery: 0.01, ...flags });
  const users = makePool(parameters.users).users.map((account, index) => ({ index, account }));
  const { behaviour } = profileOf(parameters.profile);
  const reports: SecondReport[] = [];
  const done = Promise.withResolvers<Integrity>();
  const crew = new Crew({ url, parameters, behaviour, users }, (message) => {
    if (message.kind === "second") reports.push(message.report);
    if (message.kind === "arrived") {
      if (parameters.holdUntilConnected) crew.go(nowUs());
      onArrived(crew);
    }
    if (message.kind === "done") done.resolve(message.integrity);
  });
  await crew.prepare();
  crew.start(nowUs());
  const integrity = await done.promise;
  const delivery = newHistogram();
  const ack = newHistogram();
  const errors: Record<string, number> = {};
  for (const report of reports) {
    addCounts(delivery, report.delivery);
    addCounts(ack, report.ack);
    for (const [code, count] of Object.entries(report.errors)) {
      errors[code] = (errors[code] ?? 0) + count;
    }
  }
  const sum = (name: "deliveries" | "messagesSent") =>
    reports.reduce((total, report) => total + report[name], 0);
  return {
    integrity,
    delivery: latencyOf(delivery),
    ack: latencyOf(ack),
    deliveries: sum("deliveries"),
    messagesSent: sum("messagesSent"),
    errors,
  };
}
