import { nowUs } from "./clock.ts";
import { Gauges } from "./gauges.ts";
import { Inflater } from "./inflater.ts";
import { Findings, Room } from "./integrity.ts";
import { KnownFrames } from "./known_frames.ts";
import type { FromTester, Plan } from "./messages.ts";
import { Pass } from "./pass.ts";
import { seededRandom } from "./random.ts";
import { Schedule } from "./schedule.ts";
import type { Surroundings } from "./surroundings.ts";
import { VirtualUser } from "./virtual_user.ts";
import { Workload } from "./workload.ts";

const SECOND_US = 1_000_000;
/** Sign-ins at a time where tokens are fetched beforehand. */
const SIGN_INS_AT_ONCE = 4;
/** Keeps the random numbers of back-off apart from those of the workload. */
const BACKOFF_SEED = 0x5bd1e995;

interface Member {
  readonly index: number;
  readonly pass: Pass;
  readonly user: VirtualUser;
}

/** The virtual users of one process, from the ramp to the last farewell. */
export class Crew implements Surroundings {
  readonly schedule = new Schedule();
  readonly gauges = new Gauges(this.schedule.lateness);
  readonly findings = new Findings();
  readonly knownFrames = new KnownFrames();
  startUs = 0;
  nonceStem = "";
  readonly #inflater = new Inflater();
  readonly #plan: Plan;
  readonly #tell: (message: FromTester) => void;
  readonly #rooms = new Map<number, Room>();
  readonly #members: readonly Member[];
  readonly #indices = new Map<VirtualUser, number>();
  #arrived = 0;
  #neverArrived = 0;
  #gone = 0;
  #second = 0;
  #isStopped = false;

  constructor(plan: Plan, tell: (message: FromTester) => void) {
    this.#plan = plan;
    this.#tell = tell;
    this.#members = plan.users.map(({ index, account }) => {
      const pass = new Pass(plan.url, account);
      return { index, pass, user: this.#makeUser(index, account.name, pass) };
    });
    for (const { index, user } of this.#members) this.#indices.set(user, index);
  }

  /** Fetches everybody's token where users should not sign in during the run. */
  async prepare(): Promise<void> {
    if (this.#plan.parameters.signIn === "password") return;
    const waiting = [...this.#members];
    let done = 0;
    const work = async () => {
      for (let member = waiting.shift(); member; member = waiting.shift()) {
        await member.pass.accessToken();
        this.#tell({ kind: "prepared", users: ++done });
      }
    };
    await Promise.all(Array.from({ length: SIGN_INS_AT_ONCE }, work));
  }

  /** Begins the run: everybody enters at their place in the ramp. */
  start(startUs: number): void {
    this.startUs = startUs;
    this.nonceStem = startUs.toString(36);
    this.gauges.begin();
    this.#endSecondAt(startUs + SECOND_US);
    for (const { index, user } of this.#members) {
      this.schedule.at(startUs + index * this.#scaledUs("connectEverySeconds"), (dueUs) => {
        if (!this.#isStopped) user.enter(dueUs);
      });
    }
  }

  /**
   * Lets everybody act who was held. They keep the distances in time that they connected with, as
   * they would all act in the same moment else.
   */
  go(atUs: number): void {
    const betweenUs = this.#scaledUs("betweenSeconds");
    const firstUs = atUs + this.#scaledUs("startAfterSeconds");
    for (const { index, user } of this.#members) {
      const phaseUs = (index * this.#scaledUs("connectEverySeconds")) % (betweenUs || 1);
      user.act(firstUs + phaseUs);
    }
  }

  cut(): void {
    for (const { user } of this.#members) user.cut();
  }

  stop(): void {
    this.#isStopped = true;
    for (const { user } of this.#members) user.leave();
  }

  // What the users tell and ask.

  readonly room = (id: number, name: string): Room => {
    const known = this.#rooms.get(id);
    if (known) return known;
    const room = new Room(id, name);
    this.#rooms.set(id, room);
    return room;
  };

  arrived(user: VirtualUser): void {
    this.#arrived += 1;
    this.gauges.arrived += 1;
    if (!this.#plan.parameters.holdUntilConnected) {
      user.act(nowUs() + this.#scaledUs("startAfterSeconds"));
    }
    this.#tellIfAllArrived();
  }

  gone(_user: VirtualUser, hadArrived: boolean): void {
    this.#gone += 1;
    this.gauges.gone += 1;
    if (!hadArrived) {
      this.#neverArrived += 1;
      this.#tellIfAllArrived();
    }
    if (this.#gone < this.#members.length) return;
    this.schedule.stop();
    this.#tell({ kind: "second", report: this.gauges.take(this.#second) });
    const { lost, doubled, reordered, examples } = this.findings;
    const integrity = { lost, doubled, reordered, examples };
    this.#tell({ kind: "done", integrity, usersConnected: this.#arrived });
  }

  #tellIfAllArrived(): void {
    if (this.#arrived + this.#neverArrived === this.#members.length)
      this.#tell({ kind: "arrived" });
  }

  #endSecondAt(dueUs: number): void {
    this.schedule.at(dueUs, () => {
      this.#tell({ kind: "second", report: this.gauges.take(this.#second++) });
      this.#endSecondAt(dueUs + SECOND_US);
    });
  }

  #makeUser(index: number, name: string, pass: Pass): VirtualUser {
    const { url, parameters, behaviour } = this.#plan;
    const { seed, mix, bodyWords, encoding, actions } = parameters;
    const { joinsAtFirst } = behaviour;
    const channels =
      behaviour.rooms === "pairs"
        ? [`pair_${Math.floor(index / 2)}`]
        : Array.from({ length: parameters.channels }, (_, channel) => `test_${channel}`);
    const settings = {
      url,
      subprotocol: encoding === "protobuf" ? "hubbub.v1" : "hubbub.v1.json",
      name,
      pass,
      inflater: this.#inflater,
      workload: new Workload({ channels, joinsAtFirst, mix, bodyWords }, seededRandom(seed, index)),
      random: seededRandom(seed ^ BACKOFF_SEED, index),
      actions,
      betweenUs: this.#scaledUs("betweenSeconds"),
    } as const;
    return new VirtualUser(settings, this);
  }

  #scaledUs(wait: "connectEverySeconds" | "startAfterSeconds" | "betweenSeconds"): number {
    const { parameters } = this.#plan;
    return (parameters[wait] * SECOND_US) / parameters.timeScale;
  }
}
