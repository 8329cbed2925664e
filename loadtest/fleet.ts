import { join } from "node:path";
import type { Integrity } from "./result.ts";
import type { FromTester, Plan, PlannedUser, SecondReport, ToTester } from "./tester/messages.ts";

const PROGRAM = join(import.meta.dir, "tester/process.ts");

/** What the tester processes tell, with the number of the process. */
export interface FleetEvents {
  /** Tokens fetched so far, over all processes. */
  prepared(users: number): void;
  second(tester: number, report: SecondReport): void;
  /** It sends no more seconds. */
  done(tester: number): void;
  /** Every user of every process has arrived or given up. */
  allArrived(): void;
}

/** What the self-check of all processes found, and how many users got in. */
export interface FleetOutcome {
  readonly integrity: Integrity;
  readonly usersConnected: number;
}

interface Tester {
  readonly child: Bun.Subprocess;
  readonly ready: PromiseWithResolvers<void>;
  readonly done: PromiseWithResolvers<FleetOutcome>;
  prepared: number;
  hasArrived: boolean;
}

/** Pairs stay together: each tester knows what the other half was acknowledged. */
export function shareOf(users: readonly PlannedUser[], tester: number, testers: number) {
  return users.filter(({ index }) => Math.floor(index / 2) % testers === tester);
}

/** The tester processes of a run. */
export class Fleet {
  readonly #events: FleetEvents;
  readonly #testers: Tester[] = [];
  #isStopped = false;

  constructor(events: FleetEvents) {
    this.#events = events;
  }

  /**
   * Starts `count` processes, the first on core `cpu` and the others on those after it, and waits
   * until each has its users ready.
   */
  async start(plan: Plan, count: number, cpu: number | null, cores: number): Promise<void> {
    for (let tester = 0; tester < count; tester++) {
      const core = cpu === null ? null : Math.min(cpu + tester, cores - 1);
      this.#spawn(tester, { ...plan, users: shareOf(plan.users, tester, count) }, core);
    }
    await Promise.all(this.#testers.map(({ ready }) => ready.promise));
  }

  begin(startUs: number): void {
    this.#tellAll({ kind: "start", startUs });
  }

  go(atUs: number): void {
    this.#tellAll({ kind: "go", atUs });
  }

  cut(): void {
    this.#tellAll({ kind: "cut" });
  }

  /** Everybody leaves as soon as they have what they are owed. */
  stop(): void {
    this.#tellAll({ kind: "stop" });
  }

  /** @throws where a process ended before its users had left. */
  async outcome(): Promise<FleetOutcome> {
    const outcomes = await Promise.all(this.#testers.map(({ done }) => done.promise));
    const sum = (count: (outcome: FleetOutcome) => number) =>
      outcomes.reduce((total, outcome) => total + count(outcome), 0);
    const integrity = {
      lost: sum(({ integrity }) => integrity.lost),
      doubled: sum(({ integrity }) => integrity.doubled),
      reordered: sum(({ integrity }) => integrity.reordered),
      examples: outcomes.flatMap(({ integrity }) => integrity.examples).slice(0, 10),
    };
    return { integrity, usersConnected: sum(({ usersConnected }) => usersConnected) };
  }

  /** Ends the processes, whatever they are doing. */
  end(): void {
    this.#isStopped = true;
    for (const { child } of this.#testers) child.kill("SIGKILL");
  }

  #spawn(number: number, plan: Plan, core: number | null): void {
    const pin = core === null ? [] : ["taskset", "-c", String(core)];
    const tester: Tester = {
      child: Bun.spawn([...pin, process.execPath, PROGRAM], {
        stdio: ["ignore", "inherit", "inherit"],
        serialization: "advanced",
        ipc: (message: FromTester) => this.#hear(number, tester, plan, message),
        onExit: (_, code, signal) => {
          if (this.#isStopped) return;
          const error = new Error(`a tester process ended with ${signal ?? code}`);
          tester.ready.reject(error);
          tester.done.reject(error);
        },
        // A storm of sign-ins is to be one: Bun keeps to 256 requests at a time otherwise.
        env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: "65336" },
      }),
      ready: Promise.withResolvers(),
      done: Promise.withResolvers(),
      prepared: 0,
      hasArrived: false,
    };
    // Whoever waits for it later hears of it then.
    tester.ready.promise.catch(() => {});
    tester.done.promise.catch(() => {});
    this.#testers.push(tester);
  }

  #hear(number: number, tester: Tester, plan: Plan, message: FromTester): void {
    switch (message.kind) {
      case "hello":
        return tell(tester, { kind: "plan", plan });
      case "prepared":
        tester.prepared = message.users;
        return this.#events.prepared(this.#testers.reduce((sum, each) => sum + each.prepared, 0));
      case "ready":
        return tester.ready.resolve();
      case "arrived":
        tester.hasArrived = true;
        if (this.#testers.every(({ hasArrived }) => hasArrived)) this.#events.allArrived();
        return;
      case "second":
        return this.#events.second(number, message.report);
      case "done": {
        const { integrity, usersConnected } = message;
        this.#events.done(number);
        tester.done.resolve({ integrity, usersConnected });
      }
    }
  }

  #tellAll(message: ToTester): void {
    for (const tester of this.#testers) tell(tester, message);
  }
}

function tell({ child }: Tester, message: ToTester): void {
  child.send(message);
}
