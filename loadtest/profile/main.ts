/** The profiler's command line: `bun run profile`. docs/DEVELOPING.md tells how to read it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { interruption } from "../interruption.ts";
import { misuse, type RunOptions, runOptionsOf, whole, withWorkloadOptions } from "../options.ts";
import { createProgress } from "../progress.ts";
import { resultText } from "../result_text.ts";
import { InterruptedError, plateauSeconds, run } from "../run.ts";
import { StartError } from "../server_process.ts";
import { summaryOf } from "../summary.ts";
import { exitCodes, MISUSED } from "../verdict.ts";
import { compareProfiles, type Taken, takeProfile } from "./command.ts";

/** After everybody has arrived, the server has this long to settle. */
const SETTLE_SECONDS = 1;
/** What signing in and beginning to sample take. */
const LEAD_SECONDS = 2;
const USUAL_SECONDS = 10;

interface Flags {
  readonly seconds?: number;
  readonly intervalUs: number;
  readonly out: string;
}

const program = withWorkloadOptions(new Command("profile"))
  .description("A CPU profile of the server under a load test: table, flame graph, .cpuprofile.")
  .enablePositionalOptions()
  .showHelpAfterError("(--help shows what there is)")
  .exitOverride()
  .option(
    "--seconds <count>",
    "how long the profile takes (default: 10, if so many fit)",
    whole(1, 60),
  )
  .option("--interval-us <us>", "microseconds between samples", whole(200, 100_000), 1000)
  .option("--out <folder>", "where the files go", "out/profile")
  .addHelpText(
    "after",
    `
The profile is taken while everybody is there. Exits as loadtest does; with 1 if there is no profile.

  bun run profile --profile no-sign-in --users 425 --server-cpu 0 --tester-cpu 1 --out out/before
  bun run profile compare out/before out/after --out out/compared`,
  )
  .action(async (_, command: Command) => {
    const flags = command.opts<Flags>();
    const options = runOptionsOf(command.opts());
    const room = Math.floor(plateauSeconds(options.parameters) - SETTLE_SECONDS - LEAD_SECONDS);
    const seconds = flags.seconds ?? Math.min(USUAL_SECONDS, room);
    const complaint = misuseOf(options, seconds, room);
    if (complaint !== undefined) return misused(complaint);
    // Before the run, which would be in vain if there were no place for it.
    mkdirSync(flags.out, { recursive: true });
    await profile(options, { ...flags, seconds });
  });

program
  .command("compare")
  .description("print what changed from one profile to another")
  .argument("<before>", "the folder of a profile, or its .cpuprofile")
  .argument("<after>", "another one")
  .option("--out <folder>", "where compare.html goes, which has both flame graphs")
  .action(async (before: string, after: string, { out }: { out?: string }) => {
    process.exitCode = await compareProfiles([before, after], out);
  });

async function profile(options: RunOptions, flags: Flags & { seconds: number }): Promise<void> {
  let taking: Promise<Taken> | undefined;
  const result = await run(options, createProgress(), interruption(), {
    onPlateau(plateau) {
      taking = Bun.sleep(SETTLE_SECONDS * 1000).then(() => takeProfile(plateau, flags));
    },
  });
  const taken = await taking;
  await Bun.write(join(flags.out, "result.json"), resultText(result));
  process.stdout.write(`${summaryOf(result)}\n${taken?.output ?? ""}`);
  process.stderr.write(
    taken?.errors ?? "profile: not everybody arrived, so there is no profile.\n",
  );
  process.exitCode = taken?.exitCode === 0 ? exitCodes[result.verdict] : exitCodes.failed;
}

function misuseOf(options: RunOptions, seconds: number, room: number): string | undefined {
  const { parameters, accounts } = options;
  if (parameters.url !== null || accounts !== undefined) {
    return "It starts a server of its own. To profile one that runs: bun hubbub profile --url URL --user ADMIN";
  }
  if (seconds < 1 || seconds > room) {
    return `In this run everybody is there for ${Math.max(0, room)} s that a profile can use. Take more --actions, or fewer --seconds.`;
  }
  return misuse(options);
}

function misused(sentence: string): void {
  process.stderr.write(`profile: ${sentence}\n`);
  process.exitCode = MISUSED;
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof InterruptedError) process.exitCode = exitCodes.interrupted;
  else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : MISUSED;
  } else {
    const text =
      error instanceof Error ? (error instanceof StartError ? error.message : error.stack) : error;
    process.stderr.write(`profile: ${text}\n`);
    process.exitCode = exitCodes.failed;
  }
}
