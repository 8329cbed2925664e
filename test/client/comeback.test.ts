import { describe, expect, test } from "bun:test";
import { Comeback } from "../../src/client/comeback.ts";
import type { GoingAway } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { Random } from "../sim/random.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() >>> 0);

/** As the server says it to so many. */
const noticeTo = (clients: number) =>
  ({ afterMs: 250, spreadMs: Math.max(500, clients / 2) }) as GoingAway;

/** When each of them is back, in ms, where a server answers again from `thereAtMs` on. */
function comebacks(clients: number, thereAtMs: number): number[] {
  const source = new Random(seed);
  const random = () => source.next();
  return Array.from({ length: clients }, () => {
    const comeback = new Comeback(noticeTo(clients), 0, random);
    for (let nowMs = 0; ; ) {
      nowMs += comeback.nextWaitMs(nowMs, random) ?? Number.NaN;
      if (!(nowMs < thereAtMs)) return nowMs;
    }
  });
}

/** The most that come in any 100 ms. */
function crush(atMs: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const ms of atMs) {
    const slot = Math.floor(ms / 100);
    counts.set(slot, (counts.get(slot) ?? 0) + 1);
  }
  return Math.max(...counts.values());
}

describe("clients of a server that is replaced", () => {
  for (const thereAtMs of [400, 700, 2000, 5000, 20_000, 59_000]) {
    test(`are back soon after ${thereAtMs} ms, however long that is`, () => {
      for (const clients of [6, 400]) {
        const latest = Math.max(...comebacks(clients, thereAtMs));
        expect(latest, `seed ${seed}`).toBeLessThanOrEqual(Math.max(1000, thereAtMs + 625));
      }
    });

    test(`are back after twice ${thereAtMs} ms where they are many, and never all at once`, () => {
      const clients = 20_000;
      const { afterMs, spreadMs } = noticeTo(clients);
      const found = comebacks(clients, thereAtMs);
      const bound = Math.max(afterMs + spreadMs, thereAtMs + 1.25 * Math.min(spreadMs, thereAtMs));
      expect(Math.max(...found), `seed ${seed}`).toBeLessThanOrEqual(Math.max(bound, 500));
      // 2,000 a second come for the first time, and where others wait, some 2,700 of those again.
      expect(crush(found), `seed ${seed}`).toBeLessThan(600);
    });
  }
});
