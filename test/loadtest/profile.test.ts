import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProfileTable } from "../../src/cli/profile/table.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { ended } from "./process.ts";

setDefaultTimeout(90_000);
const folder = makeFolder();
afterAll(() => removeFolder(folder));

const PROGRAM = join(import.meta.dir, "../../loadtest/profile/main.ts");

function profile(...args: string[]) {
  return ended(
    Bun.spawn([process.execPath, PROGRAM, ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: process.env.PATH ?? "" },
    }),
  );
}

test("the server is profiled while everybody is there, and two such profiles are compared", async () => {
  const out = join(folder, "profile");
  const load = [
    "--profile",
    "no-sign-in",
    "--users",
    "10",
    "--sign-in",
    "token",
    "--connect-every",
    "0.05",
  ];
  const plateau = ["--actions", "70", "--between", "0.1", "--seconds", "2"];
  const ran = await profile(...load, ...plateau, "--out", out);
  // 3: the tester was the bottleneck, as on a busy machine it may be.
  expect([0, 3], ran.errors).toContain(ran.exitCode);
  expect(ran.output).toContain("0 lost, 0 doubled, 0 reordered");
  expect(ran.output).toContain("Biggest self times:");
  expect(readdirSync(out).sort()).toEqual([
    ...["profile.html", "profile.json", "result.json", "server.cpuprofile"],
  ]);
  const table = JSON.parse(readFileSync(join(out, "profile.json"), "utf8")) as ProfileTable;
  expect(table.threads.map(({ name }) => name)).toEqual(["main", "writer", "reader"]);
  expect(table.rooms.map(({ room }) => room)).toContain("store");
  expect(table.seconds).toBeGreaterThan(1.9);

  const compared = await profile("compare", out, out, "--out", join(folder, "compared"));
  expect(compared.output).toContain("the biggest changes first");
  expect(readdirSync(join(folder, "compared"))).toEqual(["compare.html"]);
});

test("what cannot be profiled is said before anything starts", async () => {
  const short = await profile(
    "--users",
    "10",
    "--actions",
    "2",
    "--between",
    "1",
    "--seconds",
    "5",
  );
  expect(short).toEqual({
    exitCode: 2,
    output: "",
    errors:
      "profile: In this run everybody is there for 0 s that a profile can use. Take more --actions, or fewer --seconds.\n",
  });
  const other = await profile("--url", "http://127.0.0.1:4000");
  expect(other.exitCode).toBe(2);
  expect(other.errors).toContain("bun hubbub profile --url URL --user ADMIN");
  expect((await profile("--seconds", "61")).exitCode).toBe(2);
  expect((await profile("compare", "one")).exitCode).toBe(2);
  const help = await profile("--help");
  expect([help.exitCode, help.errors]).toEqual([0, ""]);
  expect(help.output).toContain("one-room");
});
