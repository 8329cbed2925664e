import { expect, test } from "bun:test";
import { Random } from "../sim/random.ts";
import { LogBench } from "./fake_writer.ts";

/** The same seed gives the same senders and the same disk: LOG_SEED=1234 bun test test/store. */
const firstSeed = Number(process.env.LOG_SEED ?? Math.floor(Math.random() * 2 ** 31));
const runs = process.env.LOG_SEED === undefined ? 100 : 1;

/** Senders, a disk that fails now and then, probes, and at last a close, in random order. */
async function outcomesOf(seed: number): Promise<{ asked: number; answers: Map<number, number> }> {
  const random = new Random(seed);
  const bench = new LogBench(random.pick([200, 1_000_000]));
  let asked = 0;

  async function happen(canAsk: boolean): Promise<void> {
    switch (random.pick(["ask", "turn", "commit", "probe"] as const)) {
      case "ask":
        if (!canAsk) return;
        asked += 1;
        if (random.chance(0.2)) bench.log.ping(bench.sender, asked);
        else bench.send(asked, 1 + random.below(3), random.below(100));
        return;
      case "turn":
        return bench.turn();
      case "commit":
        expect(bench.atWriter.length).toBeLessThanOrEqual(1);
        return random.chance(0.8) ? bench.atWriter[0]?.succeed() : bench.atWriter[0]?.fail();
      case "probe":
        return random.chance(0.5) ? bench.probes.shift()?.succeed() : bench.probes.shift()?.fail();
    }
  }

  for (let step = 0; step < 300; step++) await happen(true);
  let isClosed = false;
  const closed = bench.log.close().then(() => {
    isClosed = true;
  });
  for (let step = 0; step < 2_000 && !isClosed; step++) await happen(random.chance(0.1));
  await closed;

  const answers = new Map<number, number>();
  for (const happening of bench.happened) {
    if (!("request" in happening)) continue;
    answers.set(happening.request, (answers.get(happening.request) ?? 0) + 1);
  }
  return { asked, answers };
}

test("every message and ping gets exactly one answer, whatever the disk does", async () => {
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { asked, answers } = await outcomesOf(seed);
    const wrong = Array.from({ length: asked }, (_, index) => index + 1).filter(
      (request) => answers.get(request) !== 1,
    );
    expect({ LOG_SEED: seed, wrong }).toEqual({ LOG_SEED: seed, wrong: [] });
  }
});
