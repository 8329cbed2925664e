import { expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  folder,
  PATIENCE_MS,
  post,
  refusalOf,
  run,
  serveOn,
  startTalking,
} from "../support/command.ts";
import { PASSWORD } from "../support/server.ts";

const env = { HUBBUB_PASSWORD: PASSWORD };

test(
  "a pepper is rotated beside the server: every account goes on, and has the new one after its sign-in",
  async () => {
    using data = folder();
    const file = ["--data", data.db];
    expect((await run(["user", "add", "ada", ...file], env)).code).toBe(0);
    const server = await startTalking(serveOn(data.db));
    const { url } = server;
    const signIn = async (name: string) =>
      (await post(url, "token", { name, password: PASSWORD })).status;
    expect(await signIn("ada")).toBe(200);
    expect((await post(url, "register", { name: "bob", password: PASSWORD })).status).toBe(201);

    const { out } = await run(["pepper", "rotate", ...file]);
    const [, newest] = /^Added the pepper (\S{11}) to /.exec(out) ?? [];
    const list = async () =>
      (await run(["pepper", "list", ...file])).out
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/ +/).slice(1, 3).join(" "));
    expect(await list()).toEqual(["2 accounts", "0 accounts"]);

    // The running server finds it when it meets an account that has it.
    expect((await run(["user", "add", "cyd", ...file], env)).code).toBe(0);
    for (const name of ["cyd", "ada", "bob"]) expect(await signIn(name)).toBe(200);
    expect(await list()).toEqual(["0 accounts", "3 accounts"]);
    const last = await run(["pepper", "list", ...file]);
    expect(last.out.trimEnd().split("\n").at(-1)).toBe(
      `${newest}         3 accounts  newest: given to new hashes`,
    );
    expect(await server.end()).toBe(0);

    // Without the older one, which nobody needs any more.
    const path = join(data.path, "pepper.key");
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    writeFileSync(path, `${lines.at(-1)}\n`);
    const again = await startTalking(serveOn(data.db));
    const answer = await post(again.url, "token", { name: "ada", password: PASSWORD });
    expect(answer.status).toBe(200);
    await again.end();
  },
  PATIENCE_MS,
);

test(
  "a pepper that is missing is told by every command, and never made anew",
  async () => {
    using data = folder();
    const file = ["--data", data.db];
    expect((await run(["user", "add", "ada", ...file], env)).code).toBe(0);
    rmSync(join(data.path, "pepper.key"));
    const sentence = `${join(data.path, "pepper.key")} is missing, and there are passwords that need it. Restore it from its backup.`;
    expect(await refusalOf(["user", "add", "bob", ...file], env)).toBe(sentence);
    expect(await refusalOf(["pepper", "list", ...file])).toBe(sentence);
    expect(await refusalOf(["pepper", "rotate", ...file])).toBe(sentence);
  },
  PATIENCE_MS,
);
