import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProfileTable } from "../../../src/cli/profile/table.ts";
import { PASSWORD, register, registerAdmin, startServer } from "../../support/server.ts";
import { makeFolder, removeFolder } from "../../support/temp.ts";
import { configFolder, run } from "../run.ts";
import { serverProfile } from "./handmade.ts";

const password = { HUBBUB_PASSWORD: PASSWORD };
const as = (url: string, user: string, ...more: string[]) => [
  ...["profile", "--url", url, "--user", user],
  ...more,
];

function folder(): { path: string } & Disposable {
  const path = makeFolder();
  return { path, [Symbol.dispose]: () => removeFolder(path) };
}

test("an admin gets the profile, the flame graph and the table, and is signed out again", async () => {
  using out = folder();
  await using server = await startServer();
  const { accessToken } = await registerAdmin(server, "ada");
  const into = join(out.path, "new", "folder");
  const ran = await run(as(server.url, "ada", "--seconds", "1", "--out", into), "", password);
  expect(ran.errors).toBe(`\nThe profile is in ${into}; open profile.html for the flame graph.\n`);
  expect(ran.exitCode).toBe(0);
  expect(ran.output).toStartWith("CPU profile of Hubbub ");
  expect(ran.output).toContain("Biggest self times:");
  expect(readdirSync(into).sort()).toEqual(["profile.html", "profile.json", "server.cpuprofile"]);
  const table = JSON.parse(readFileSync(join(into, "profile.json"), "utf8")) as ProfileTable;
  expect(table.threads.map(({ name }) => name)).toEqual(["main", "writer", "reader"]);
  expect(readFileSync(join(into, "profile.html"), "utf8")).toStartWith("<!doctype html>");
  const headers = { Authorization: `Bearer ${accessToken}` };
  const sessions = await (await fetch(`${server.url}/auth/sessions`, { headers })).json();
  expect((sessions as { sessions: unknown[] }).sessions).toHaveLength(1);
});

test("whoever is no admin is told how to become one", async () => {
  using out = folder();
  await using server = await startServer();
  await register(server.url, "ada");
  const ran = await run(as(server.url, "ada", "--out", out.path), "", password);
  expect(ran).toEqual({
    exitCode: 1,
    output: "",
    errors:
      "hubbub: ada is no admin there. Where the server runs: bun hubbub user role ada admin\n",
  });
  expect(readdirSync(out.path)).toEqual([]);
});

test("a second profile is told when the first one is done", async () => {
  using out = folder();
  await using server = await startServer();
  const { accessToken } = await registerAdmin(server, "ada");
  const end = new AbortController();
  const ask = () =>
    fetch(`${server.url}/profile?seconds=60`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}` },
      signal: end.signal,
    });
  // As soon as one of them is refused, the other is being taken.
  const both = [ask(), ask()];
  expect((await Promise.race(both)).status).toBe(409);
  const ran = await run(as(server.url, "ada", "--out", out.path), "", password);
  expect(ran.errors).toMatch(
    /^hubbub: Another profile is being taken; it is done in about \d+ s\.\n$/,
  );
  expect(ran.exitCode).toBe(1);
  end.abort();
  await Promise.allSettled(both);
});

test("what cannot work is said in a sentence", async () => {
  using config = configFolder();
  using out = folder();
  await using server = await startServer();
  await registerAdmin(server, "ada");
  const asAda = (...more: string[]) => as(server.url, "ada", "--out", out.path, ...more);
  const wrong = await run(asAda(), "", { HUBBUB_PASSWORD: "wrong horse" });
  expect([wrong.exitCode, wrong.errors]).toEqual([1, "hubbub: Name or password is wrong.\n"]);
  const none = await run(asAda(), "", { XDG_CONFIG_HOME: config.path });
  expect([none.exitCode, none.errors]).toEqual([
    1,
    "hubbub: There is no password: set HUBBUB_PASSWORD, or sign in once from a terminal.\n",
  ]);
  const nowhere = await run(as("http://127.0.0.1:9", "ada", "--out", out.path), "", password);
  expect([nowhere.exitCode, nowhere.errors]).toEqual([
    1,
    "hubbub: http://127.0.0.1:9 does not answer.\n",
  ]);
  const nobody = await run(["profile", "--url", server.url], "", password);
  expect([nobody.exitCode, nobody.errors]).toEqual([
    2,
    "hubbub: Say who you are: --user NAME, or HUBBUB_USER.\n",
  ]);
  const long = await run(asAda("--seconds", "61"), "", password);
  expect(long.errors).toContain("It should be a whole number from 1 to 60.");
  writeFileSync(join(out.path, "file"), "");
  const noPlace = await run(
    as(server.url, "ada", "--out", join(out.path, "file", "in")),
    "",
    password,
  );
  expect([noPlace.exitCode, noPlace.errors]).toEqual([
    1,
    expect.stringMatching(/^hubbub: E\w+: .*mkdir/),
  ]);
});

test("a server that takes no profiles is told from one that does", async () => {
  using out = folder();
  await using server = await startServer();
  const { accessToken } = await registerAdmin(server, "ada");
  const user = { id: 1, name: "ada", role: "admin" };
  const signIn = { access_token: accessToken, refresh_token: "r", expires_in: 600, user };
  using older = Bun.serve({
    port: 0,
    fetch: ({ url }) => {
      if (url.endsWith("/auth/token")) return Response.json(signIn);
      return Response.json({ error: { code: "NOT_FOUND", text: "" } }, { status: 404 });
    },
  });
  const ran = await run(as(older.url.origin, "ada", "--out", out.path), "", password);
  expect(ran.errors).toBe(
    `hubbub: The server at ${older.url.origin} is of a version that takes no profiles.\n`,
  );
});

test("two profiles are compared, by folder or by file, with a page of both", async () => {
  using work = folder();
  const [before, after, out] = ["before", "after", "out"].map((name) => join(work.path, name));
  const write = (path: string, hits: number) => {
    mkdirSync(path);
    const made = serverProfile([{ name: "publish", hits }]);
    writeFileSync(join(path, "server.cpuprofile"), JSON.stringify(made));
  };
  write(before as string, 200);
  write(after as string, 50);
  const file = join(after as string, "server.cpuprofile");
  const ran = await run(["profile", "compare", before as string, file, "--out", out as string], "");
  expect(ran.output).toContain("before (before) and after (after)");
  expect(ran.output).toMatch(/\| +20\.0 \| +57\.1% \| +5\.0 \| +25\.0% \| +-15\.0 \| publish/);
  expect(ran.exitCode).toBe(0);
  const page = readFileSync(join(out as string, "compare.html"), "utf8");
  expect(page).toContain('"name":"before"');
  expect(page).toContain('"name":"after"');
});

test("what is no profile is not compared", async () => {
  using work = folder();
  const other = join(work.path, "other.cpuprofile");
  writeFileSync(other, '{"nodes":[],"timeDeltas":[]}');
  const missing = await run(["profile", "compare", work.path, other], "");
  const where = join(work.path, "server.cpuprofile");
  expect(missing).toEqual({ exitCode: 1, output: "", errors: `hubbub: There is no ${where}.\n` });
  const foreign = await run(["profile", "compare", other, other], "");
  expect(foreign.errors).toBe(`hubbub: ${other} is no profile that hubbub profile took.\n`);
  writeFileSync(other, "not JSON");
  const broken = await run(["profile", "compare", other, other], "");
  expect(broken.errors).toBe(`hubbub: ${other} cannot be read.\n`);
});
