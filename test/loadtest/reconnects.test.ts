import { expect, test } from "bun:test";
import { ended, loadtest } from "./process.ts";

test.skipIf(process.platform !== "linux").each(["token", "ticket"])(
  "a crowd that comes back by %s gets in, and is told what it cost",
  async (by) => {
    const command = ["reconnects", "--count", "30", "--by", by, "--at-once", "10", "--rounds", "1"];
    const { output, errors, exitCode } = await ended(
      loadtest(...command, "--bystanders", "2", "--json"),
    );
    expect({ exitCode, errors }).toEqual({
      exitCode: 0,
      errors: expect.stringContaining("round 1"),
    });
    const { rounds } = JSON.parse(output);
    expect(rounds).toHaveLength(1);
    const [round] = rounds;
    expect(round.connect.count).toBe(30);
    expect(round.refusals).toEqual({});
    expect(round.calm.delivery.count).toBeGreaterThan(0);
    expect("cpuUsPerTicket" in round).toBe(by === "ticket");
  },
  120_000,
);
