import type { ServerProfile } from "../../monitor/cpu_profile.ts";
import type { Call } from "./call_tree.ts";
import { shownPlace } from "./places.ts";
import { HELPERS, OUTSIDE, type ProfileTable, tableOf, threadsOf } from "./table.ts";

/** A frame of a flame graph, in the shape that d3-flame-graph takes. */
export interface Frame {
  readonly name: string;
  /** CPU time in ms a second, with all that it called. */
  readonly value: number;
  readonly room: string;
  readonly place: string;
  readonly children: readonly Frame[];
}

/** One profile as the page shows it. */
export interface PagedProfile {
  readonly name: string;
  readonly table: ProfileTable;
  readonly flames: Frame;
}

/** What the page's script gets. */
export interface PageData {
  readonly title: string;
  /** The profile; or the one before and the one after. */
  readonly profiles: readonly PagedProfile[];
}

/** Frames that stand for no function of a room: the server, its threads. */
export const THREAD = "thread";

/** The whole server as one flame graph: its threads, and what each of them called. */
export function pagedProfile(name: string, profile: ServerProfile): PagedProfile {
  const table = tableOf(profile);
  const threads = threadsOf(profile).map((thread): Frame => {
    const calls = thread.calls.map((call) => frameOf(call, thread.msPerSecondOfSample));
    const outside = thread.cpuMsPerSecond - calls.reduce((sum, { value }) => sum + value, 0);
    const children = [...calls, leaf(OUTSIDE, outside, OUTSIDE)];
    return {
      name: `${thread.name} thread`,
      value: thread.cpuMsPerSecond,
      room: THREAD,
      place: "",
      children,
    };
  });
  const ours = threads.reduce((sum, { value }) => sum + value, 0);
  const children = [...threads, leaf(HELPERS, table.cpuMsPerSecond - ours, HELPERS)];
  const flames = { name: "server", value: table.cpuMsPerSecond, room: THREAD, place: "", children };
  return { name, table, flames };
}

function frameOf({ place, total, calls }: Call, msPerSecondOfSample: number): Frame {
  return {
    name: place.name,
    value: total * msPerSecondOfSample,
    room: place.room,
    place: shownPlace(place),
    children: calls.map((call) => frameOf(call, msPerSecondOfSample)),
  };
}

function leaf(name: string, value: number, room: string): Frame {
  return { name, value: Math.max(0, value), room, place: "", children: [] };
}
