/** The tester process of one measurement: the command starts it with IPC and gives it the plan. */
import { drive } from "./drive.ts";
import type { FromTester, Plan } from "./messages.ts";

function tell(message: FromTester): void {
  process.send?.(message);
}

process.on("message", (plan: Plan) => {
  drive(plan).then(
    (measurement) => tell({ kind: "measured", measurement }),
    (error: Error) => tell({ kind: "failed", why: error.message }),
  );
});
// A terminal's Ctrl-C reaches this process, too, but how the run ends is the command's matter.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
process.on("uncaughtException", ({ message }) => tell({ kind: "failed", why: message }));
tell({ kind: "hello" });
