import { expect, test } from "bun:test";
import { World } from "./world.ts";

const seedGiven = process.env.SIM_SEED;
const runs = Number(process.env.SIM_RUNS ?? 300);
const first = Number(seedGiven ?? Math.floor(Math.random() * 2 ** 31));

test("short", async () => {
  for (let index = 0; index < (seedGiven ? 1 : runs); index++) {
    const seed = first + index;
    const world = new World(seed, ":memory:");
    await world.run(300);
    if (world.verdict.faults.length > 0) {
      if (seedGiven) console.log(world.trace.join("\n"));
      throw new Error(`SIM_SEED=${seed} (step ${world.trace.length}): ${world.verdict.faults.join("; ")}`);
    }
  }
}, 600_000);
