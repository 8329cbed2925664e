import type { Command } from "commander";
import type { Config } from "../../config.ts";
import { databaseFindings } from "./database.ts";
import { fileFindings } from "./files.ts";
import type { Finding } from "./finding.ts";
import { machineFindings } from "./machine.ts";
import { serverFinding } from "./server.ts";
import { settingFindings } from "./settings.ts";

interface DoctorOptions {
  readonly full: boolean;
  readonly json: boolean;
}

/**
 * Adds the options and the action of `hubbub doctor` to its command.
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
      process.exitCode = await runDoctor(configOf(called), options);
    });
}

/**
 * `hubbub doctor`: looks at everything that a server on this file needs, and changes nothing.
 *
 * @returns the exit code: 0 where all is right, 1 with warnings, 2 where something is to be mended.
 */
async function runDoctor(config: Config, options: DoctorOptions): Promise<number> {
  const findings: Finding[] = [
    ...settingFindings(config),
    ...fileFindings(config),
    ...databaseFindings(config, options.full, Date.now()),
    ...(await machineFindings(config)),
    await serverFinding(config),
  ];
  const text = options.json ? JSON.stringify(findings) : findings.map(lineOf).join("\n");
  process.stdout.write(`${text}\n`);
  const has = (level: string) => findings.some((finding) => finding.level === level);
  return has("fail") ? 2 : has("warn") ? 1 : 0;
}

function lineOf({ level, about, text, advice }: Finding): string {
  return `${level.padEnd(4)}  ${about.padEnd(12)}  ${text}${advice === undefined ? "" : ` ${advice}`}`;
}
