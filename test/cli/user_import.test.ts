import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { run } from "../cli/run.ts";
import { startServer } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

const folder = makeFolder();
afterAll(() => removeFolder(folder));
let files = 0;

/** Writes the lines into a new file and imports it into the database. */
async function importLines(data: string, ...lines: (object | string)[]) {
  const file = join(folder, `${++files}.jsonl`);
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  await Bun.write(file, `${text.join("\n")}\n`);
  return run(["user", "import", file, "--data", data], "");
}

const password = "correct horse battery";

async function canSignIn(url: string, name: string, secret = password): Promise<number> {
  const response = await fetch(`${url}/auth/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password: secret }),
  });
  return response.status;
}

/** A hash that takes next to no work to guess against. */
const TINY =
  "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$quyusfeeuAGbpiw09i+j4VKJ+I/5h3mugd4HghmS/x8";

describe("hubbub user import", () => {
  test("makes accounts that can sign in, beside a running server, with their roles", async () => {
    await using server = await startServer();
    const data = join(server.folder, "hubbub.db");
    const { exitCode, output } = await importLines(
      data,
      { name: "ada", password, role: "admin" },
      "",
      { name: "bob", password },
      { name: "cyd", password: "another password" },
    );
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: "Made 3 of 3 accounts.\n" });
    expect(await canSignIn(server.url, "ada")).toBe(200);
    expect(await canSignIn(server.url, "bob")).toBe(200);
    expect(await canSignIn(server.url, "cyd")).toBe(401);
    expect(await canSignIn(server.url, "cyd", "another password")).toBe(200);
    const list = await run(["user", "list", "--data", data], "");
    expect(list.output).toMatch(/ada +admin/);
    expect(list.output).toMatch(/bob +user/);
  });

  test("takes hashes as they are", async () => {
    await using server = await startServer();
    const hash = await Bun.password.hash(password, {
      algorithm: "argon2id",
      memoryCost: 8192,
      timeCost: 3,
    });
    const data = join(server.folder, "hubbub.db");
    const { exitCode } = await importLines(data, { name: "ada", password_hash: hash });
    expect(exitCode).toBe(0);
    expect(await canSignIn(server.url, "ada", "another password")).toBe(401);
    expect(await canSignIn(server.url, "ada")).toBe(200);
    // Signing in made it one of ours.
    const { output } = await run(["pepper", "list", "--data", data], "");
    expect(output).toMatch(/^\S{11} +1 accounts {2}newest/);
    expect(await canSignIn(server.url, "ada")).toBe(200);
  });

  test("leaves accounts that exist as they are, and tells of them", async () => {
    const data = join(folder, "existing.db");
    await importLines(data, { name: "ada", password, role: "admin" });
    const { exitCode, output } = await importLines(
      data,
      { name: "bob", password },
      { name: "ADA", password: "something else" },
    );
    expect(exitCode).toBe(0);
    expect(output).toBe("Made 1 of 2 accounts.\nLine 2: there is an account ADA already.\n");
    const list = await run(["user", "list", "--data", data], "");
    expect(list.output).toMatch(/ada +admin/);
  });

  test.each([
    ["{not json", "this is no JSON"],
    ["7", "this is no JSON object"],
    [{ name: "x", password }, "the name must have"],
    [{ name: "ada", password, role: "king" }, "the role must be one of"],
    [{ name: "ada" }, "either a password or a password_hash"],
    [{ name: "ada", password, password_hash: "x" }, "either a password or a password_hash"],
    [{ name: "ada", password: "short" }, "the password must be text of 8 to 256"],
    [{ name: "ada", password: "PassWord1" }, "the password is one of the most common"],
    [{ name: "ada.lovelace", password: "Ada.Lovelace" }, "the password is the account's name"],
    [{ name: "ada", password_hash: "md5:abc" }, "the password_hash must be Argon2id's"],
    [{ name: "ada", password_hash: TINY }, "with m from 4096 to 262144"],
  ])("refuses %j with its line, imports nothing, and shows no password", async (line, sentence) => {
    const data = join(folder, `refused-${files}.db`);
    const { exitCode, errors } = await importLines(data, { name: "first", password }, line);
    expect(exitCode).toBe(1);
    expect(errors).toContain("line 2");
    expect(errors).toContain(sentence);
    expect(errors).not.toContain(password);
    const list = await run(["user", "list", "--data", data], "");
    expect(list.output).not.toContain("first");
  });

  test("says so where there is no such file", async () => {
    const { exitCode, errors } = await run(
      ["user", "import", join(folder, "none"), "--data", join(folder, "n.db")],
      "",
    );
    expect(exitCode).toBe(1);
    expect(errors).toContain("cannot be read");
  });
});
