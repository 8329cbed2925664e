import { expect, test } from "bun:test";
import { compareText } from "../../../src/cli/profile/compare_text.ts";
import { changeOf, comparedTables } from "../../../src/cli/profile/compared.ts";
import { tableOf } from "../../../src/cli/profile/table.ts";
import { type Made, serverProfile } from "./handmade.ts";

const compared = (before: Made[], after: Made[]) =>
  comparedTables(tableOf(serverProfile(before)), tableOf(serverProfile(after)));

test("what changed most stands first, what came and what went included", () => {
  const encode = (hits: number, line: number) => ({
    name: "encode",
    file: "src/wire/binary.ts",
    line,
    hits,
  });
  const tables = compared(
    [encode(400, 10), { name: "went", hits: 100 }, { name: "same", hits: 50 }],
    [encode(100, 12), { name: "came", hits: 150 }, { name: "same", hits: 50 }],
  );
  const changes = tables.functions.map((difference) => [difference.name, changeOf(difference)]);
  expect(changes).toEqual([
    // An edit above it has moved it, and it is the same function still.
    ["encode", -30],
    ["came", 15],
    ["went", -10],
    ["same", 0],
  ]);
  const wire = tables.rooms.find(({ name }) => name === "wire");
  expect(wire?.before).toEqual({ msPerSecond: 40, share: 400 / 700 });
  expect(wire?.after).toEqual({ msPerSecond: 10, share: 100 / 450 });
  expect(tables.rooms[0]?.name).toBe("wire");
  expect(changeOf(tables.server)).toBeCloseTo(-25);
});

test("functions of one file that share a name count together", () => {
  const twice = [
    { name: "run", file: "src/store/writer.ts", line: 1, hits: 10 },
    { name: "run", file: "src/store/writer.ts", line: 9, hits: 20 },
  ];
  const [run, ...others] = compared(twice, []).functions;
  expect(run).toMatchObject({ name: "run", before: { msPerSecond: 3 }, after: { msPerSecond: 0 } });
  expect(others).toEqual([]);
});

test("reads as text, with the sign of each change", () => {
  const text = compareText(
    ["old", "new"],
    compared([{ name: "a|b", hits: 100 }], [{ name: "a|b", hits: 40 }]),
  );
  expect(text).toContain("before (old) and after (new)");
  expect(text).toMatch(/\| +10\.0 \| +40\.0% \| +4\.0 \| +21\.1% \| +-6\.0 \| a\\\|b/);
  expect(text).toMatch(/\| server +\| +25\.0 \| +100\.0% \| +19\.0 \| +100\.0% \| +-6\.0 \|/);
});
