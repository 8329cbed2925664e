import type { Second } from "../../result.ts";
import { colour } from "./theme.ts";

/** The latencies that each second has, as graphs 1 and 4 show them. */
export const latencyKinds: readonly {
  readonly name: string;
  readonly ink: string;
  readonly of: (second: Second) => number | null;
}[] = [
  { name: "delivery p50", ink: colour.median, of: (second) => second.deliveryP50Ms },
  { name: "delivery p99", ink: colour.p99, of: (second) => second.deliveryP99Ms },
  { name: "monitor’s ping", ink: colour.ping, of: (second) => second.pingMs },
];
