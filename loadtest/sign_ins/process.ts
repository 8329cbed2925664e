/** The process that signs in: the coordinator starts it with IPC and tells it when. */
import { constants, setPriority } from "node:os";
import { Schedule } from "../tester/schedule.ts";
import { attempt } from "./attempt.ts";
import { Candidates } from "./candidates.ts";
import type { FromSigner, SignerPlan, ToSigner } from "./messages.ts";
import { stream } from "./stream.ts";

// It shares a core with those who time the messages: what it does must not look like the server's delay.
setPriority(constants.priority.PRIORITY_LOW);

const schedule = new Schedule();
let plan: SignerPlan | undefined;
let candidates: Candidates | undefined;

function tell(message: FromSigner): void {
  process.send?.(message);
}

process.on("message", (message: ToSigner) => {
  if (message.kind === "plan") {
    plan = message.plan;
    candidates = new Candidates(message.plan);
    return;
  }
  if (plan === undefined || candidates === undefined) throw new Error("it has no plan");
  const { url } = plan;
  const those = candidates;
  void stream(message.order, {
    schedule,
    next: (password) => those.next(password),
    attempt: (candidate) => attempt(url, candidate),
  }).then((report) => tell({ kind: "streamed", report }));
});

// A terminal's Ctrl-C reaches this process, too, but how the run ends is the coordinator's matter.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));

tell({ kind: "hello" });
