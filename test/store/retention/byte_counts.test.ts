import { expect, test } from "bun:test";
import { ByteCounts } from "../../../src/store/retention/byte_counts.ts";

test("a channel's bytes are read once, and right whatever goes, counted before or not", async () => {
  const channel = { id: 1, head: 50, gone: 0, rewrites: 0 };
  const asked: [from: number, to: number][] = [];
  // Each message takes ten bytes, and those that are gone none.
  const counts = new ByteCounts(async (_, from, to) => {
    asked.push([from, to]);
    return 10 * Math.max(0, to - Math.max(from, channel.gone + 1) + 1);
  });
  const count = () => counts.of(channel, () => false);
  const goes = (gone: number) => {
    counts.went(1, gone, 10 * (gone - channel.gone));
    channel.gone = gone;
  };
  expect([await count(), await count()]).toEqual([500, 500]);
  channel.head = 60;
  expect(await count()).toBe(600);
  expect(asked).toEqual([
    [1, 50],
    [51, 60],
  ]);
  goes(20);
  expect(await count()).toBe(400);
  // More have come and gone than were counted.
  channel.head = 100;
  goes(70);
  expect(await count()).toBe(300);
  channel.rewrites += 1;
  expect(await count()).toBe(300);
  expect(asked.at(-1)).toEqual([71, 100]);
  counts.forgetBut((id) => id !== 1);
  expect(await count()).toBe(300);
});
