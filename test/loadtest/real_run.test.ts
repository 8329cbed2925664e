import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../../loadtest/result.ts";
import { startServer } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { ended, loadtest } from "./process.ts";

setDefaultTimeout(90_000);
const folder = makeFolder();
afterAll(() => removeFolder(folder));

const short = ["--users", "20", "--actions", "6", "--time-scale", "12"];

async function resultOf(...args: string[]): Promise<Result> {
  const { output, errors, exitCode } = await ended(loadtest(...args, "--json"));
  // On a busy machine the tester may be its own bottleneck; that says nothing about the server.
  if (exitCode !== 0 && exitCode !== 3) throw new Error(`exit code ${exitCode}: ${errors}`);
  return JSON.parse(output) as Result;
}

/** What must be true of every run, however slow the machine is. */
function expectSound(result: Result): void {
  expect(result.integrity).toEqual({ lost: 0, doubled: 0, reordered: 0, examples: [] });
  expect(["passed", "tester-bound"]).toContain(result.verdict);
  expect(result.totals.usersConnected).toBe(result.parameters.users);
  expect(result.totals.messagesAcknowledged).toBe(result.totals.messagesSent);
  expect(result.latencyMs.ack.count).toBe(result.totals.messagesSent);
  expect(result.latencyMs.delivery.count).toBe(result.totals.deliveries);
}

test("one message at a time is delivered, acknowledged and set beside its commit", async () => {
  const { output, exitCode, errors } = await ended(loadtest("alone", "--count", "5"));
  expect(errors).toBe("");
  expect(exitCode).toBe(0);
  expect(output).toContain("| 5 messages, one at a time |");
  const medians = [...output.matchAll(/^\| (sent|the).*? \| ([\d.]+) \|/gm)].map(([, , ms]) =>
    Number(ms),
  );
  expect(medians).toHaveLength(3);
  // Nothing is delivered before it is on disk.
  const [delivered = 0, acknowledged = 0, commit = 0] = medians;
  expect(commit).toBeGreaterThan(0);
  expect(delivered).toBeGreaterThan(0);
  expect(acknowledged).toBeGreaterThanOrEqual(delivered);
});

describe("a run against a server of its own", () => {
  test("loses nothing, and writes its result and the report", async () => {
    const out = join(folder, "standard");
    const result = await resultOf(...short, "--out", out);
    expectSound(result);
    // The seed decides what is done, however fast it goes.
    expect(result.totals.messagesSent).toBeGreaterThan(90);
    expect(result.totals.deliveries).toBeGreaterThan(result.totals.messagesSent);
    expect(result.latencyMs.signIn.count).toBe(20);
    expect(result.latencyMs.ping.count).toBeGreaterThan(0);
    expect(result.seconds.some(({ serverResidentBytes }) => serverResidentBytes > 0)).toBe(true);
    expect(result.errors).toEqual({});
    expect(JSON.parse(readFileSync(join(out, "result.json"), "utf8"))).toEqual(result);
    for (const file of ["report.html", "report.png"])
      expect(existsSync(join(out, file))).toBe(true);
  });

  test("does the same again with the same seed, in JSON, with several testers and tokens", async () => {
    const again = ["--encoding", "json", "--testers", "2", "--sign-in", "token"];
    const [one, other] = [await resultOf(...short), await resultOf(...short, ...again)];
    expectSound(other);
    const { messagesSent, joins, leaves } = one.totals;
    expect(other.totals).toMatchObject({ messagesSent, joins, leaves });
  });

  test("misses nothing when everybody is cut off at once and resumes", async () => {
    const result = await resultOf("--profile", "reconnect", ...short, "--actions", "20");
    expectSound(result);
    expect(result.totals.reconnects).toBe(20);
    expect(result.resumeMs?.count).toBe(20);
  });

  test("of pairs gives each message two receivers", async () => {
    const few = ["--users", "6", "--channels", "3", "--actions", "5", "--time-scale", "2"];
    const result = await resultOf("--profile", "direct", ...few);
    expectSound(result);
    const { messagesSent, deliveries } = result.totals;
    expect([messagesSent, deliveries]).toEqual([30, 60]);
  });

  test("of idle users tells the memory that a connection takes", async () => {
    const result = await resultOf("--profile", "idle", "--users", "8", "--time-scale", "10");
    expectSound(result);
    expect(result.totals.messagesSent).toBe(0);
    // Eight connections are too few to show above the garbage that comes and goes.
    for (const bytes of [result.memory?.atRestBytes, result.memory?.connectedBytes]) {
      expect(bytes).toBeGreaterThan(1024 * 1024);
    }
    expect(result.memory?.perConnectionBytes).toBeNumber();
  });

  test("hands its settings on to the server, and tells of them", async () => {
    const few = ["--users", "4", "--actions", "4", "--time-scale", "20"];
    const { output, exitCode } = await ended(
      loadtest(...few, "--server-setting", "body-bytes=1", "--json"),
    );
    const result = JSON.parse(output) as Result;
    expect(result.parameters.serverSettings).toEqual({ "body-bytes": "1" });
    expect(result.errors).toEqual({ BODY_TOO_LARGE: result.totals.messagesSent });
    expect([exitCode, result.because]).toEqual([1, expect.stringContaining("acknowledged")]);
  });

  test("does not begin with a setting that there is not, and says what the server said", async () => {
    const { exitCode, errors } = await ended(loadtest("--server-setting", "pace-cup-ms=50"));
    expect(exitCode).toBe(1);
    expect(errors).toContain("unknown option '--pace-cup-ms=50'");
  });

  test.each(["storm", "one-room", "no-sign-in"])("of the profile %s works", async (profile) => {
    const few = ["--users", "6", "--actions", "4", "--time-scale", "20"];
    expectSound(await resultOf("--profile", profile, ...few));
  });

  test("exits with 1 where an expectation is broken", async () => {
    const { exitCode, output } = await ended(
      loadtest("--users", "4", "--actions", "4", "--time-scale", "20", "--expect", "max<=0"),
    );
    expect(exitCode).toBe(1);
    expect(output).toContain("FAILED: Delivery was too slow");
  });

  test("that is interrupted reports what there was", async () => {
    const out = join(folder, "interrupted");
    const child = loadtest(
      "--users",
      "10",
      "--time-scale",
      "10",
      "--connect-every",
      "1",
      "--out",
      out,
    );
    const errors = new Response(child.stderr.pipeThrough(interruptAfter(child, "The run takes")));
    const output = new Response(child.stdout).text();
    await errors.text();
    expect(await child.exited).toBe(130);
    expect(await output).toContain("INTERRUPTED");
    const result = JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as Result;
    expect(result.verdict).toBe("interrupted");
    expect(result.integrity).toMatchObject({ lost: 0, doubled: 0, reordered: 0 });
  });
});

describe("a run against a server that is there already", () => {
  test("uses a pool that was installed beside it", async () => {
    await using server = await startServer({ messagesPerSecond: 1000, messageBurst: 1000 });
    const pool = join(folder, "pool.jsonl");
    const data = join(server.folder, "hubbub.db");
    const made = await ended(
      loadtest("accounts", "--count", "5", "--accounts", pool, "--data", data),
    );
    expect(made).toMatchObject({ exitCode: 0, errors: "" });
    const few = ["--users", "5", "--actions", "4", "--time-scale", "20"];
    const result = await resultOf(...few, "--url", server.url, "--accounts", pool);
    expectSound(result);
    expect(result.parameters.url).toBe(server.url);
    expect(
      Math.max(...result.seconds.map(({ serverResidentBytes }) => serverResidentBytes)),
    ).not.toBe(0);
  });

  test("says what is missing", async () => {
    const { exitCode, errors } = await ended(loadtest("--url", "http://127.0.0.1:1"));
    expect(exitCode).toBe(2);
    expect(errors).toContain("--accounts");
  });
});

test("capacity prints the table and writes it down", async () => {
  const out = join(folder, "capacity");
  const climb = ["--from", "4", "--to", "6", "--step-seconds", "2", "--time-scale", "20"];
  const { exitCode, output } = await ended(
    loadtest("capacity", ...climb, "--expect", "p99<=60000", "--out", out),
  );
  expect(exitCode).toBe(0);
  expect(output).toContain("| 6 |");
  const capacity = JSON.parse(readFileSync(join(out, "capacity.json"), "utf8"));
  expect(capacity.mostUsers).toBe(6);
  expect(capacity.volumeLaw.exponent).toBeNumber();
  for (const { serverPeakResidentBytes } of capacity.steps) {
    expect(serverPeakResidentBytes).toBeGreaterThan(2 ** 20);
  }
  expect(readFileSync(join(out, "table.md"), "utf8")).toBe(output.trimEnd().concat("\n"));
});

/** Hands text on, and sends SIGINT when `words` have gone by. */
function interruptAfter(child: { kill(signal: "SIGINT"): void }, words: string) {
  const decoder = new TextDecoder();
  let text = "";
  let isSent = false;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      text += decoder.decode(chunk, { stream: true });
      if (!isSent && text.includes(words)) {
        isSent = true;
        // A few users are in by then, and most are not.
        setTimeout(() => child.kill("SIGINT"), 1500);
      }
      controller.enqueue(chunk);
    },
  });
}
