import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Findings, Room, Track } from "../../loadtest/tester/integrity.ts";

function track(head = 0) {
  const findings = new Findings();
  return { findings, track: new Track(new Room(5, "test_4"), "ada", head, findings) };
}

describe("a track", () => {
  test("begins after the head it was given, and goes on through a resume without a finding", () => {
    const { findings, track: ada } = track(810);
    expect([811, 812, 813].map((seq) => ada.take(seq))).toEqual([true, true, true]);
    expect(ada.last).toBe(813);
    ada.settle(813);
    expect(findings).toMatchObject({ lost: 0, doubled: 0, reordered: 0 });
  });

  test("counts what a resume sends again as doubled", () => {
    const { findings, track: ada } = track(10);
    for (const seq of [11, 12, 12, 11, 13]) ada.take(seq);
    expect(findings).toMatchObject({ lost: 0, doubled: 2, reordered: 0 });
  });

  test("finds exactly what was dropped, doubled and delayed, in any mixture", () => {
    const fates = fc.array(fc.constantFrom("right", "lost", "doubled", "delayed"), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fates, (fates) => {
        const { findings, track: ada } = track();
        const delayed: number[] = [];
        for (const [index, fate] of fates.entries()) {
          const seq = index + 1;
          if (fate === "delayed") delayed.push(seq);
          else if (fate !== "lost") ada.take(seq);
          if (fate === "doubled") ada.take(seq);
        }
        // The last one of all comes in its place, so that what was delayed is after something.
        ada.take(fates.length + 1);
        for (const seq of delayed) ada.take(seq);
        ada.settle(fates.length + 1);
        const count = (wanted: string) => fates.filter((fate) => fate === wanted).length;
        expect(findings).toMatchObject({
          lost: count("lost"),
          doubled: count("doubled"),
          reordered: count("delayed"),
        });
      }),
    );
  });

  test("remembers a bounded number of gaps, and still counts each loss once", () => {
    const { findings, track: ada } = track();
    for (let seq = 2; seq <= 2000; seq += 2) ada.take(seq);
    ada.settle(2000);
    expect(findings.lost).toBe(1000);
  });
});
