import { expect, test } from "bun:test";
import { join } from "node:path";
import { bundlePages } from "../../src/pages/bundle.ts";
import { chooseCoding } from "../../src/pages/negotiation.ts";
import { pack, unpack } from "../../src/pages/pack.ts";
import { bringPages } from "../../src/pages/source.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

const PATIENCE_MS = 30_000;
const freely = <T>(start: () => T): T => start();

test(
  "what a build leaves in a file is what a server makes itself",
  async () => {
    const folder = makeFolder();
    const file = join(folder, "pages.pack");
    const script = join(import.meta.dir, "../../src/pages/build.ts");
    const { exitCode } = Bun.spawnSync([process.execPath, script, file]);
    expect(exitCode).toBe(0);
    const kept = unpack(await Bun.file(file).text());
    removeFolder(folder);
    const made = await bringPages(freely);
    const brief = (files: typeof kept) => files.map(({ path, type, hash }) => [path, type, hash]);
    expect(brief(kept)).toEqual(brief(made));
    expect(kept.map(({ path }) => path)).toContain("chat");
  },
  PATIENCE_MS,
);

test(
  "packing and unpacking changes nothing",
  async () => {
    const files = await bundlePages();
    expect(unpack(pack(files))).toEqual(files);
  },
  PATIENCE_MS,
);

test.each<[header: string | null, coding: string]>([
  [null, "identity"],
  ["", "identity"],
  ["identity", "identity"],
  ["gzip", "gzip"],
  ["gzip, br", "br"],
  ["GZIP, BR", "br"],
  ["br;q=0, gzip", "gzip"],
  ["*;q=0", "identity"],
  ["*", "br"],
  ["br;q=0, *;q=0.1", "gzip"],
  ["zstd", "identity"],
])("Accept-Encoding %j is answered in %s", (header, coding) => {
  expect(chooseCoding(header, { br: 1, gzip: 1 })).toBe(coding as "br");
});

test("what was not worth compressing is sent as it is", () => {
  expect(chooseCoding("gzip, br", { identity: 1 })).toBe("identity");
});
