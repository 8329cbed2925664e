import { BUN } from "./places.ts";
import type { FunctionCost, ProfileTable } from "./table.ts";

/** What a room or a function cost before and after. */
export interface Difference {
  readonly name: string;
  readonly room: string;
  readonly thread: string;
  /** The file, without the line, which edits move; empty for rooms and native code. */
  readonly file: string;
  /** Self time in ms of CPU a second, and its share of all CPU time. */
  readonly before: SelfTime;
  readonly after: SelfTime;
}

interface SelfTime {
  readonly msPerSecond: number;
  readonly share: number;
}

export interface ComparedTables {
  readonly server: Difference;
  readonly rooms: readonly Difference[];
  readonly functions: readonly Difference[];
}

const NOTHING: SelfTime = { msPerSecond: 0, share: 0 };

/** Two profiles side by side: those that changed most come first. */
export function comparedTables(before: ProfileTable, after: ProfileTable): ComparedTables {
  const whole = ({ cpuMsPerSecond }: ProfileTable) => ({ msPerSecond: cpuMsPerSecond, share: 1 });
  const server = { name: "server", room: "", thread: "", file: "" };
  return {
    server: { ...server, before: whole(before), after: whole(after) },
    rooms: differences(roomCosts(before), roomCosts(after)),
    functions: differences(functionCosts(before), functionCosts(after)),
  };
}

/** A name with what it cost. */
type Costed = Omit<Difference, "before" | "after"> & SelfTime;

function roomCosts({ rooms }: ProfileTable): Costed[] {
  return rooms.map(({ room, selfMsPerSecond, selfShare }) => ({
    ...{ name: room, room, thread: "", file: "" },
    ...{ msPerSecond: selfMsPerSecond, share: selfShare },
  }));
}

function functionCosts({ functions }: ProfileTable): Costed[] {
  return functions.map((cost) => ({
    ...{ name: nameOf(cost), room: cost.room, thread: cost.thread, file: cost.file },
    ...{ msPerSecond: cost.selfMsPerSecond, share: cost.selfShare },
  }));
}

/** Functions without a name are told apart by their line, as well as that goes. */
function nameOf({ name, line, room }: FunctionCost): string {
  return name === "(anonymous)" && room !== BUN ? `(anonymous) :${line}` : name;
}

function differences(before: readonly Costed[], after: readonly Costed[]): Difference[] {
  const sums = [sumsOf(before), sumsOf(after)] as const;
  const keys = new Set(sums.flatMap((each) => [...each.keys()]));
  const found = [...keys].map((key): Difference => {
    const [was, is] = [sums[0].get(key), sums[1].get(key)];
    const { name, room, thread, file } = (was ?? is) as Costed;
    return { name, room, thread, file, before: timeOf(was), after: timeOf(is) };
  });
  return found.sort((a, b) => Math.abs(changeOf(b)) - Math.abs(changeOf(a)));
}

/** Ms a second that it costs more than before. */
export function changeOf({ before, after }: Pick<Difference, "before" | "after">): number {
  return after.msPerSecond - before.msPerSecond;
}

function timeOf(cost: Costed | undefined): SelfTime {
  return cost === undefined ? NOTHING : { msPerSecond: cost.msPerSecond, share: cost.share };
}

/** Several functions of one file may share a name. */
function sumsOf(costs: readonly Costed[]): Map<string, Costed> {
  const sums = new Map<string, Costed>();
  for (const cost of costs) {
    const key = [cost.name, cost.room, cost.thread, cost.file].join("\n");
    const { msPerSecond, share } = sums.get(key) ?? NOTHING;
    sums.set(key, {
      ...cost,
      msPerSecond: msPerSecond + cost.msPerSecond,
      share: share + cost.share,
    });
  }
  return sums;
}
