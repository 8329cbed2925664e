import type { Config } from "../../config.ts";
import { Placement, PlacementError } from "../../machine/placement.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const about = "settings";

/** Settings that are allowed, and that most people would regret. */
export function settingFindings(config: Config): Finding[] {
  const found: Finding[] = [];
  if (config.durability === "committed") {
    found.push(
      warn(
        about,
        "A power cut may lose acknowledged messages.",
        "HUBBUB_DURABILITY=synced keeps them.",
      ),
    );
  }
  if (config.updateBackup === "off") {
    found.push(
      warn(
        about,
        "Updates of the database are not preceded by a backup.",
        "Take HUBBUB_UPDATE_BACKUP=off away.",
      ),
    );
  }
  if (config.logLevel === "silent") {
    found.push(warn(about, "Nothing is logged, faults neither.", "Take HUBBUB_LOG_LEVEL away."));
  }
  found.push(...coreFindings(config));
  if (found.length === 0) found.push(ok(about, "Nothing is unusual."));
  return [...found, ok("retention", keptBy(config))];
}

function keptBy({ keepDays, keepMegabytes }: Config): string {
  const days = keepDays > 0 ? [`for ${keepDays} days`] : [];
  const size =
    keepMegabytes > 0 ? [`until the database has ${keepMegabytes.toLocaleString("en")} MB`] : [];
  const limits = [...days, ...size];
  return `Messages are kept ${limits.length === 0 ? "for ever" : limits.join(", and ")}, where a channel has no limits of its own.`;
}

function coreFindings({ cpu }: Config): Finding[] {
  if (cpu === null) return [];
  const found: Finding[] = [];
  try {
    new Placement(cpu, (reason) =>
      found.push(
        warn(
          about,
          `The main thread is not pinned to core ${cpu}: ${reason}.`,
          "Take HUBBUB_CPU away.",
        ),
      ),
    );
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    found.push(fail(about, error.message, "Until then the server does not start."));
  }
  return found;
}
