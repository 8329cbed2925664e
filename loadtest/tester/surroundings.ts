import type { Subprotocol } from "../../src/client/frames.ts";
import type { Gauges } from "./gauges.ts";
import type { Inflater } from "./inflater.ts";
import type { Findings, Room } from "./integrity.ts";
import type { KnownFrames } from "./known_frames.ts";
import type { Pass } from "./pass.ts";
import type { Random } from "./random.ts";
import type { Schedule } from "./schedule.ts";
import type { VirtualUser } from "./virtual_user.ts";
import type { Workload } from "./workload.ts";

/** What is one user's own. */
export interface UserSettings {
  readonly url: string;
  readonly subprotocol: Subprotocol;
  readonly name: string;
  readonly pass: Pass;
  /** All users' own. */
  readonly inflater: Inflater;
  readonly workload: Workload;
  /** For back-off only, so that a lost connection does not change what the user does later. */
  readonly random: Random;
  readonly actions: number;
  readonly betweenUs: number;
}

/** What all users of a process share. */
export interface Surroundings {
  readonly schedule: Schedule;
  readonly gauges: Gauges;
  readonly findings: Findings;
  readonly knownFrames: KnownFrames;
  /** Beginning of the run: stamps before it are another run's. */
  readonly startUs: number;
  /** Nonces of this run begin with it. */
  readonly nonceStem: string;
  room(id: number, name: string): Room;
  /** The user is in its channels for the first time. */
  arrived(user: VirtualUser): void;
  /** The user has left for good; `hadArrived` is false where it never got in. */
  gone(user: VirtualUser, hadArrived: boolean): void;
}
