import { constants, setPriority } from "node:os";
import type { Command } from "commander";
import type { Config } from "../../config.ts";
import { harmlessJson } from "../harmless_text.ts";
import { backupFindings } from "./backups.ts";
import { databaseFindings } from "./database.ts";
import { exposureFindings } from "./exposure.ts";
import { fileSystemFindings } from "./file_system.ts";
import { fileFindings } from "./files.ts";
import { type Finding, fail, looked } from "./finding.ts";
import { machineFindings } from "./machine.ts";
import { memoryFindings } from "./memory.ts";
import { clockFindings } from "./network_time.ts";
import { showProgress } from "./progress.ts";
import { exitCodeOf, reportOf } from "./report.ts";
import { roomFindings } from "./room.ts";
import { serverFindings } from "./server.ts";
import { settingFindings } from "./settings.ts";

interface DoctorOptions {
  readonly full: boolean;
  readonly json: boolean;
}

/**
 * Adds the options and the action of `hubbub doctor` to its command: it looks at everything that a server on
 * this file needs, changes nothing, and tells by its exit code how bad it is.
 *
 * @param configOf reads the settings of the command.
 */
export function doctorCommand(command: Command, configOf: (command: Command) => Config): void {
  command
    .description(
      "look for what is wrong or unwise, and change nothing; exits with 1 or 2 if there is",
    )
    .option("--full", "compare the indexes of the database with its tables, too", false)
    .option("--json", "tell it as JSON", false)
    .action(async (options: DoctorOptions, called: Command) => {
      // What has to be quick on this machine is the server.
      setPriority(constants.priority.PRIORITY_LOW);
      const findings = await findingsOf(() => configOf(called), options.full);
      process.stdout.write(options.json ? `${harmlessJson(findings)}\n` : reportOf(findings));
      process.exitCode = exitCodeOf(findings);
    });
}

async function findingsOf(configOf: () => Config, isFull: boolean): Promise<Finding[]> {
  let config: Config;
  try {
    config = configOf();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ConfigError") throw error;
    return [
      fail(
        "settings",
        error.message,
        "Until then no server starts, and nothing else is looked at.",
      ),
    ];
  }
  const nowMs = Date.now();
  const looks: readonly [string, () => readonly Finding[] | Promise<readonly Finding[]>][] = [
    ["settings", () => settingFindings(config)],
    ["exposure", () => exposureFindings(config)],
    ["folder", () => fileFindings(config)],
    ["file system", () => fileSystemFindings(config)],
    ["disk", () => roomFindings(config, nowMs)],
    ["backups", () => backupFindings(config, nowMs)],
    ["database", () => databaseFindings(config, { isFull, nowMs, progress: showProgress })],
    ["clock", () => clockFindings()],
    ["limits", () => machineFindings(config)],
    ["memory", () => memoryFindings(config)],
    ["server", () => serverFindings(config)],
  ];
  const findings: Finding[] = [];
  for (const [about, look] of looks) findings.push(...(await looked(about, look)));
  return findings;
}
