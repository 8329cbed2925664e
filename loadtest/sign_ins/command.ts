import { Command } from "commander";
import { interruption } from "../interruption.ts";
import { createProgress } from "../progress.ts";
import { exitCodes, MISUSED } from "../verdict.ts";
import { measureSignIns, writeSignIns } from "./measure.ts";
import {
  type SignInsFlags,
  signInsMisuse,
  signInsOptionsOf,
  withSignInsOptions,
} from "./options.ts";
import { signInsText } from "./table.ts";
import { measureWays, waysText, writeWays } from "./ways.ts";

/** `bun run loadtest sign-ins`: what people who sign in do to those who talk. */
export function signInsCommand(): Command {
  return withSignInsOptions(new Command("sign-ins"))
    .description(
      "the latency of messages while people sign in, beside what it is while nobody does",
    )
    .action(async (_, command: Command) => {
      const flags = command.opts<SignInsFlags>();
      const complaint = signInsMisuse(flags);
      if (complaint !== undefined) {
        process.stderr.write(`loadtest: ${complaint}\n`);
        process.exitCode = MISUSED;
      } else if (flags.ways) await ways(flags);
      else await pairs(flags, interruption());
    });
}

async function pairs(flags: SignInsFlags, interrupt: AbortSignal): Promise<void> {
  const signIns = await measureSignIns(signInsOptionsOf(flags), createProgress(), interrupt);
  if (flags.out !== undefined) await writeSignIns(signIns, flags.out);
  process.stdout.write(signInsText(signIns));
  process.exitCode = exitCodes[signIns.verdict];
}

async function ways(flags: SignInsFlags): Promise<void> {
  const { serverCpu } = signInsOptionsOf(flags).workload.parameters;
  const table = await measureWays(flags.count, serverCpu, flags.serverSetting ?? {}, (name) => {
    process.stderr.write(`By ${name}.\n`);
  });
  if (flags.out !== undefined) await writeWays(table, flags.out);
  process.stdout.write(waysText(table));
}
