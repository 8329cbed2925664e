/** A tester process: the coordinator starts it with IPC and tells it what to do. */
import { Crew } from "./crew.ts";
import type { FromTester, ToTester } from "./messages.ts";

let crew: Crew | undefined;

function tell(message: FromTester): void {
  process.send?.(message);
}

process.on("message", (message: ToTester) => {
  if (message.kind === "plan") {
    crew = new Crew(message.plan, tell);
    crew.prepare().then(
      () => tell({ kind: "ready" }),
      (error: unknown) => fail(`signing in beforehand failed: ${String(error)}`),
    );
  } else if (message.kind === "start") crew?.start(message.startUs);
  else if (message.kind === "go") crew?.go(message.atUs);
  else if (message.kind === "cut") crew?.cut();
  else crew?.stop();
});

// A terminal's Ctrl-C reaches this process, too, but how the run ends is the coordinator's matter.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
process.on("uncaughtException", (error) => fail(error.stack ?? error.message));

function fail(text: string): void {
  process.stderr.write(`tester: ${text}\n`);
  process.exit(1);
}

tell({ kind: "hello" });
