/** Micro-benchmarks: `bun run bench`. */
import { writeFileSync } from "node:fs";
import { Argument, Command, Option } from "commander";
import { version } from "../../package.json" with { type: "json" };
import { describeMachine, describeVersions } from "../machine.ts";
import { batch } from "./batch.ts";
import { commit } from "./commit.ts";
import { connect } from "./connect.ts";
import type { Group } from "./group.ts";
import { membership } from "./membership.ts";
import { monitor } from "./monitor.ts";
import { publish } from "./publish.ts";
import { receive } from "./receive.ts";
import { ring } from "./ring.ts";
import { serialization } from "./serialization.ts";
import { printed, type Table } from "./table.ts";
import { fullEffort, quickEffort } from "./timing.ts";
import { trim } from "./trim.ts";

const groups: Readonly<Record<string, Group>> = {
  serialization,
  receive,
  batch,
  commit,
  trim,
  ring,
  membership,
  publish,
  connect,
  monitor,
};

interface Flags {
  readonly json?: string;
  readonly quick?: boolean;
}

const names = Object.keys(groups);
const help = names.map((name) => `  ${name.padEnd(16)}${groups[name]?.summary}\n`).join("");

await new Command("bench")
  .description("Measure the hot places one by one, and print tables.")
  .addArgument(new Argument("[groups...]", "which; without any, all").choices(names))
  .addOption(new Option("--json <file>", "keep the figures, and more of them, as JSON"))
  .addOption(new Option("--quick", "run everything once: whether it works, not how fast"))
  .addHelpText("after", `\nGroups:\n${help}`)
  .action(run)
  .parseAsync();

async function run(chosen: string[], { json, quick = false }: Flags): Promise<void> {
  const machine = describeMachine();
  const { bun, gitCommit, gitDirty } = describeVersions(version);
  const commit = gitCommit === "" ? "" : `, commit ${gitCommit.slice(0, 12)}${gitDirty ? "+" : ""}`;
  process.stdout.write(
    `${machine.cpuModel}, ${machine.cores} cores, ${machine.kernel}, Bun ${bun}${commit}\n`,
  );
  if (quick) process.stdout.write("\nA quick run: it says that everything works, not how fast.\n");
  const tables: Record<string, readonly Table[]> = {};
  for (const name of chosen.length > 0 ? chosen : names) {
    process.stdout.write(`\n## ${name}\n`);
    const measured = await (groups[name] as Group).run(quick ? quickEffort : fullEffort);
    for (const table of measured) process.stdout.write(printed(table));
    tables[name] = measured;
  }
  if (json === undefined) return;
  const result = { machine, versions: { bun, gitCommit, gitDirty }, quick, tables };
  writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`);
}
