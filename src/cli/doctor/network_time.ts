import { clockErrorMs } from "../../machine/kernel_clock.ts";
import { type Finding, ok, warn } from "./finding.ts";

/** The kernel's own bound, past which systemd as well says that nobody sets the clock. */
const UNSET_MS = 16_000;

/** Whether something sets the clock by others'; nothing where the system does not tell. */
export function clockFindings(errorMs: number | undefined = clockErrorMs()): Finding[] {
  if (errorMs === undefined) return [];
  if (errorMs < UNSET_MS) {
    return [
      ok("network time", `Something keeps the clock right, within ${Math.ceil(errorMs)} ms.`),
    ];
  }
  return [
    warn(
      "network time",
      "Nothing sets the clock by others'.",
      "timedatectl set-ntp true, or install chrony; where the machine's host keeps its clock, nothing is to be done.",
    ),
  ];
}
