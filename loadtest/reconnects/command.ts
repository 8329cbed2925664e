import { Command, Option } from "commander";
import { whole } from "../options.ts";
import type { Noticed } from "./bystanders.ts";
import { type ReconnectOptions, type Reconnects, runReconnects } from "./run.ts";

type Flags = Omit<ReconnectOptions, "serverCpu" | "testerCpu"> &
  Partial<Record<"serverCpu" | "testerCpu", number>> & { readonly json: boolean };

/** `bun run loadtest reconnects`: everybody comes back at once, and nobody hashes a password. */
export function reconnectsCommand(): Command {
  return new Command("reconnects")
    .description(
      "let many connections come back to a server of its own at once: what each costs, and what those notice who are back already (Linux)",
    )
    .option(
      "--count <count>",
      "connections, each of an account of its own",
      whole(1, 100_000),
      10_000,
    )
    .addOption(
      new Option("--by <pass>", "what opens them").choices(["token", "ticket"]).default("token"),
    )
    .option("--at-once <count>", "connections under way at any time", whole(1, 20_000), 256)
    .option("--bystanders <count>", "connections that talk meanwhile", whole(1, 1000), 10)
    .option("--rounds <count>", "how often, after one time that does not count", whole(1, 100), 3)
    .option("--server-cpu <core>", "pin the server to this core", whole(0, 1023))
    .option("--tester-cpu <core>", "pin the tester to this core", whole(0, 1023))
    .option("--json", "print the result as JSON", false)
    .action(async (flags: Flags) => {
      const { serverCpu = null, testerCpu = null, json, ...rest } = flags;
      const options = { ...rest, serverCpu, testerCpu };
      const result = await runReconnects(options, (line) => process.stderr.write(`${line}\n`));
      process.stdout.write(
        json ? `${JSON.stringify({ options, ...result }, undefined, 2)}\n` : textOf(result),
      );
    });
}

function textOf({ atRestCores, rounds }: Reconnects): string {
  const columns = ["us CPU each", "us CPU/ticket", "seconds", "connect p50/p99 ms"];
  const lines = [
    `Before anybody came, the server took ${atRestCores.toFixed(3)} of a core; that is subtracted.`,
    "",
    `| round | ${columns.join(" | ")} | delivery p50/p99/max, loop delay ms: calm | while they came | refusals |`,
    `|---:|${"---:|".repeat(columns.length + 2)}---|`,
    ...rounds.map((round, index) => {
      const cells = [
        round.cpuUsPerReconnect.toFixed(1),
        round.cpuUsPerTicket?.toFixed(1) ?? "",
        round.seconds.toFixed(2),
        `${round.connect.p50.toFixed(1)} / ${round.connect.p99.toFixed(1)}`,
        textOfNoticed(round.calm),
        textOfNoticed(round.storm),
        Object.entries(round.refusals)
          .map(([code, count]) => `${code} ${count}`)
          .join(", "),
      ];
      return `| ${index + 1} | ${cells.join(" | ")} |`;
    }),
  ];
  return `${lines.join("\n")}\n`;
}

function textOfNoticed({ delivery: { p50, p99, max }, loopDelayMs }: Noticed): string {
  return `${[p50, p99, max].map((ms) => ms.toFixed(1)).join(" / ")}, ${loopDelayMs.toFixed(1)}`;
}
