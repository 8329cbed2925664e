import { clockErrorMs } from "../../machine/kernel_clock.ts";
import { type Finding, ok, warn } from "./finding.ts";

/** The kernel's own bound, past which systemd as well says that nobody sets the clock. */
const UNSET_MS = 16_000;

/** Whether something sets the clock by others'; nothing where the system does not tell. */
export function clockFindings(): Finding[] {
  return clockFindingsBy(clockErrorMs());
}

/** @param errorMs by how much the clock may be wrong, as `clockErrorMs` has it. */
export function clockFindingsBy(errorMs: number | undefined): Finding[] {
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
