import type { Account } from "./accounts.ts";
import type { PingSample } from "./monitor.ts";
import type { SecondReport } from "./tester/messages.ts";

/** What a companion is told when everybody has begun to act. */
export interface Beginning {
  /** The run's server. */
  readonly url: string;
  /** The process of the run's own server; undefined where it is somebody else's. */
  readonly serverPid: number | undefined;
  /** When second 0 began: see SecondReport. */
  readonly startUs: number;
  /** How many tester processes tell of each second. */
  readonly testers: number;
  /** Aborted when the run is interrupted, or has ended for another reason. */
  readonly signal: AbortSignal;
}

/** Something that is done beside a run, to the same server. */
export interface Companion {
  /** Accounts that the run's own server shall have beside those of the users. */
  readonly accounts: readonly Account[];
  /** What one tester process counted in one second. */
  second(tester: number, report: SecondReport): void;
  /** What the server told of itself, once a second. */
  ping(sample: PingSample): void;
  /** Begins when everybody has; when it resolves, all users leave. Where it rejects, so does the run. */
  accompany(beginning: Beginning): Promise<void>;
}
