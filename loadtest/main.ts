/** The load tester's command line: `bun run loadtest`. docs/PERFORMANCE.md explains the method. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { makePool, PoolError, writePool } from "./accounts.ts";
import { aloneText, measureAlone } from "./alone.ts";
import { baselineOptionsOf, withBaselineOptions } from "./baselines/options.ts";
import { runBaselines, writeBaselines } from "./baselines/run.ts";
import { baselinesText } from "./baselines/table.ts";
import { TurnError } from "./baselines/turn.ts";
import { capacityText, findCapacity, writeCapacity } from "./capacity.ts";
import { standardTargets, type Target } from "./expectations.ts";
import { importPool, registerPool } from "./install_accounts.ts";
import { interruption } from "./interruption.ts";
import {
  decimal,
  misuse,
  parseExpect,
  parseUrl,
  runOptionsOf,
  whole,
  withRunOptions,
  withWorkloadOptions,
} from "./options.ts";
import { createProgress } from "./progress.ts";
import { reconnectsCommand } from "./reconnects/command.ts";
import type { Result } from "./result.ts";
import { resultText } from "./result_text.ts";
import { InterruptedError, pinThisProcess, run } from "./run.ts";
import { StartError } from "./server_process.ts";
import { signInsCommand } from "./sign_ins/command.ts";
import { summaryOf } from "./summary.ts";
import { runSweep, writeSweep } from "./sweep.ts";
import { type SweepFlags, sweepMisuse, sweepOptionsOf, withSweepOptions } from "./sweep_options.ts";
import { sweepExitCode, sweepText } from "./sweep_table.ts";
import { exitCodes, MISUSED } from "./verdict.ts";

/** Errors whose message is a sentence for people. */
const expectedErrors = [PoolError, StartError, TurnError];

const program = withRunOptions(new Command("loadtest"))
  .description(
    "Virtual users against a Hubbub server: how many, how fast, and whether anything was lost.",
  )
  .enablePositionalOptions()
  .showHelpAfterError("(--help shows what there is)")
  .exitOverride()
  .addHelpText(
    "after",
    `
Exits with 0 if nothing was lost and all expectations hold; 1 if not; 2 if it was asked for wrongly;
3 if the tester was the bottleneck; 130 if it was interrupted (the report is written all the same).

  bun run loadtest --out out/standard
  bun run loadtest --users 50 --actions 10 --time-scale 10
  bun run loadtest --profile no-sign-in --users 425 --expect 'p90<=200,p95<=500,p99<=1000'`,
  )
  .action(async (_, command: Command) => {
    const options = runOptionsOf(command.opts());
    const complaint = misuse(options);
    if (complaint !== undefined) return misused(complaint);
    const result = await run(options, createProgress(), interruption());
    if (options.out !== undefined) await write(result, options.out);
    if (options.json) process.stdout.write(resultText(result));
    else process.stdout.write(summaryOf(result));
    process.exitCode = exitCodes[result.verdict];
  });

program
  .command("accounts")
  .description("make a pool of accounts, and install it in a database or on a running server")
  .requiredOption("--count <count>", "virtual users; the monitor comes on top", whole(1, 1_000_000))
  .option("--accounts <file>", "where the pool goes", "accounts.jsonl")
  .option("--data <file>", "install it in this database; a server may be running on it")
  .option("--url <url>", "register it on this server, some 50 accounts a second", parseUrl)
  .action(async (flags: { count: number; accounts: string; data?: string; url?: string }) => {
    const { count, accounts: file, data, url } = flags;
    const pool = makePool(count);
    writePool(file, pool);
    say(`${file} has ${count} users and a monitor.`);
    if (data !== undefined) {
      await importPool(file, data);
      say(`They are installed in ${data}.`);
    } else if (url !== undefined) {
      const made = await registerPool(url, pool, (done) => {
        if (done % 100 === 0) say(`${done} of ${count + 1}`);
      });
      say(`${made} of them were registered; the others' names exist.`);
      say(`Make the monitor one, on the server: bun hubbub user role ${pool.monitor.name} monitor`);
    } else say(`Install them on the server: bun hubbub user import ${file}`);
  });

withWorkloadOptions(program.command("capacity"))
  .description(
    "raise the number of users step by step to the most that still meet the targets, everybody held until all are connected",
  )
  .option("--from <users>", "the first step", whole(2, 1_000_000), 100)
  .option("--to <users>", "go no further", whole(2, 1_000_000), 10_000)
  .option("--step-seconds <s>", "how long everybody acts in a step", decimal(1, 3600), 30)
  .option(
    "--expect <limits>",
    `the targets, on delivery in ms (default: ${standardTargets})`,
    parseExpect,
    parseExpect(standardTargets),
  )
  .option("--out <folder>", "where capacity.json and table.md go")
  .action(async (_, command: Command) => {
    const { from, to, stepSeconds, expect, out } = command.opts<CapacityFlags>();
    const optionsOf = (users: number) => runOptionsOf(command.opts(), users);
    const complaint = from > to ? "--from is above --to." : misuse(optionsOf(to));
    if (complaint !== undefined) return misused(complaint);
    const options = { from, to, stepSeconds, targets: expect, out, optionsOf };
    const capacity = await findCapacity(options, createProgress(), interruption());
    if (capacity === undefined) throw new InterruptedError("interrupted");
    if (out !== undefined) await writeCapacity(capacity, out);
    say(capacityText(capacity));
    process.exitCode = capacity.mostUsers > 0 ? exitCodes.passed : exitCodes.failed;
  });

withBaselineOptions(program.command("baselines"))
  .description(
    "what a delivery costs Hubbub beside raw Bun, ws and Socket.IO: the servers in turn on one core, this tester on another",
  )
  .action(async (_, command: Command) => {
    const options = baselineOptionsOf(command.opts());
    const baselines = await runBaselines(options, createProgress(), interruption());
    if (options.out !== undefined) await writeBaselines(baselines, options.out);
    say(baselinesText(baselines));
    if (baselines.wasInterrupted) throw new InterruptedError("interrupted");
    const isSound = baselines.rows.every((row) => row.isSound);
    process.exitCode = isSound ? exitCodes.passed : exitCodes.failed;
  });

withSweepOptions(program.command("sweep"))
  .description("the same workload with one setting of the server at several values, in turn")
  .action(async (_, command: Command) => {
    const flags = command.opts<SweepFlags>();
    const options = sweepOptionsOf(flags);
    const complaint = sweepMisuse(options);
    if (complaint !== undefined) return misused(complaint);
    const sweep = await runSweep(options, createProgress(), interruption());
    if (flags.out !== undefined) await writeSweep(sweep, flags.out);
    say(sweepText(sweep));
    process.exitCode = sweepExitCode(sweep);
  });

program.addCommand(reconnectsCommand());
program.addCommand(signInsCommand());

program
  .command("alone")
  .description("one message at a time on an idle server: how long it takes, and the commit of it")
  .option("--count <messages>", "how many, some twenty a second", whole(1, 1_000_000), 500)
  .option("--server-cpu <core>", "pin the run's own server to this core", whole(0, 4095))
  .option("--tester-cpu <core>", "pin the tester", whole(0, 4095))
  .action(async (flags: { count: number; serverCpu?: number; testerCpu?: number }) => {
    if (flags.testerCpu !== undefined) pinThisProcess(flags.testerCpu);
    process.stdout.write(aloneText(await measureAlone(flags.count, flags.serverCpu ?? null)));
  });

program
  .command("compare")
  .description("print and draw the differences between results, each against the first")
  .argument("<results...>", "result.json files")
  .option("--out <folder>", "where compare.html and compare.png go")
  .action(async (files: string[], { out }: { out?: string }) => {
    const { runCompare } = await import("./report/compare.ts");
    await runCompare(files, out);
  });

interface CapacityFlags {
  readonly from: number;
  readonly to: number;
  readonly stepSeconds: number;
  readonly expect: readonly Target[];
  readonly out?: string;
}

function misused(sentence: string): void {
  process.stderr.write(`loadtest: ${sentence}\n`);
  process.exitCode = MISUSED;
}

async function write(result: Result, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await Bun.write(join(folder, "result.json"), resultText(result));
  const { writeReport } = await import("./report/write.ts");
  await writeReport(result, folder);
  process.stderr.write(`The report is in ${folder}.\n`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof InterruptedError) process.exitCode = exitCodes.interrupted;
  else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : MISUSED;
  } else {
    const isExpected = expectedErrors.some((kind) => error instanceof kind);
    const text = error instanceof Error ? (isExpected ? error.message : error.stack) : error;
    process.stderr.write(`loadtest: ${text}\n`);
    process.exitCode = exitCodes.failed;
  }
}
