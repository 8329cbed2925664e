import { byUsers } from "./by_users.ts";
import type { Figure } from "./figure.ts";
import { latencyByVolume } from "./latency_by_volume.ts";
import { loadByLatency } from "./load_by_latency.ts";
import { loadByVolume } from "./load_by_volume.ts";
import { overTime } from "./over_time.ts";
import { latencyPercentiles } from "./percentiles.ts";

/** The graphs of the report, the one that answers "is it fast enough?" first. */
export const figures: readonly Figure[] = [
  latencyPercentiles,
  overTime,
  loadByVolume,
  loadByLatency,
  byUsers,
  latencyByVolume,
];
