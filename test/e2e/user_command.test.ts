import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appCode } from "../auth/factors.ts";
import { folder, PATIENCE_MS, post, refusalOf, run } from "../support/command.ts";
import { startProcess } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, register } from "../support/server.ts";

describe("hubbub user", () => {
  const env = { HUBBUB_PASSWORD: PASSWORD };

  test(
    "makes, changes and lists accounts, with no server or beside one",
    async () => {
      using data = folder();
      const file = ["--data", data.db];
      const made = await run(["user", "add", "Ada", ...file], env);
      expect(made).toEqual({ code: 0, err: "", out: "Made the account Ada with the role user.\n" });

      const server = await startProcess(data.path);
      const added = await run(["user", "add", "watch", "--role", "monitor", ...file], env);
      expect(added.out).toBe("Made the account watch with the role monitor.\n");
      expect((await run(["user", "role", "ADA", "admin", ...file])).code).toBe(0);
      const { out } = await run(["user", "list", ...file]);
      const rows = out
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/ +/));
      expect(rows.map(([name, role]) => [name, role])).toEqual([
        ["Ada", "admin"],
        ["watch", "monitor"],
      ]);
      for (const [, , day] of rows) expect(day).toMatch(/^\d{4}-\d\d-\d\d$/);

      for (const name of ["ada", "watch"]) {
        expect((await post(server.url, "token", { name, password: PASSWORD })).status).toBe(200);
      }
      expect(await server.end("SIGTERM")).toBe(0);
    },
    PATIENCE_MS,
  );

  test(
    "a monitor's pong carries the server's figures, a plain user's does not",
    async () => {
      using data = folder();
      const server = await startProcess(data.path);
      const { accessToken } = await register(server.url, "ada");
      const before = await RawConnection.open(server.url, accessToken);
      const plain = await before.expect("pong", { case: "ping", value: {} });
      expect(plain.figures).toBeUndefined();
      const role = await run(["user", "role", "ada", "monitor", "--data", data.db]);
      expect(role).toMatchObject({ code: 0, err: "" });

      const monitor = await RawConnection.open(server.url, accessToken);
      await before.expect("sent", send(1, "something to count"));
      const { figures } = await monitor.expect("pong", { case: "ping", value: {} });
      expect(figures).toMatchObject({ messagesIn: 1, connections: 2, activeAccounts: 1 });
      expect(figures?.periodMs).toBeGreaterThan(0);
      expect(figures?.residentBytes).toBeGreaterThan(1_000_000);
      expect(figures?.coreLoad.length).toBeGreaterThan(0);
      expect(figures?.commitMs?.p99).toBeGreaterThan(0);
      // Each ping counts from the one before.
      const next = await monitor.expect("pong", { case: "ping", value: {} });
      expect(next.figures?.messagesIn).toBe(0);
      await server.end("SIGTERM");
    },
    PATIENCE_MS,
  );

  test(
    "removes the second factors of somebody who has lost them, beside a running server",
    async () => {
      using data = folder();
      const file = ["--data", data.db];
      const server = await startProcess(data.path);
      const { accessToken } = await register(server.url, "ada");
      const factors = ["user", "factors", "ada", ...file];
      expect((await run(factors)).out).toBe("ada has no second factor.\n");

      const begun = await post(server.url, "factors/totp", {}, accessToken);
      const { enrolment, secret } = (await begun.json()) as { enrolment: string; secret: string };
      const code = appCode(secret, Date.now());
      const added = await post(
        server.url,
        "factors/totp/confirm",
        { enrolment, code },
        accessToken,
      );
      expect(added.status).toBe(200);
      const signIn = () => post(server.url, "token", { name: "ada", password: PASSWORD });
      expect((await signIn()).status).toBe(401);

      expect((await run(factors)).out).toBe("ada has one-time codes, 10 recovery codes.\n");
      expect(await run([...factors, "--remove"])).toEqual({
        code: 0,
        err: "",
        out: "Removed from ada: one-time codes, 10 recovery codes. The password alone is enough now.\n",
      });
      expect((await signIn()).status).toBe(200);
      expect(await refusalOf(["user", "factors", "eve", ...file])).toBe("There is no account eve.");
      await server.end("SIGTERM");
    },
    PATIENCE_MS,
  );

  test(
    "says in one sentence what is wrong",
    async () => {
      using data = folder();
      const file = ["--data", data.db];
      const noFile = `There is no ${data.db} yet. Name the file with --data.`;
      expect(await refusalOf(["user", "list", ...file])).toBe(noFile);
      expect(await refusalOf(["user", "role", "ada", "admin", ...file])).toBe(noFile);
      expect(existsSync(data.db)).toBe(false);

      expect((await run(["user", "add", "ada", ...file], env)).code).toBe(0);
      const add = (name: string, password: string, ...more: string[]) =>
        refusalOf(["user", "add", name, ...more, ...file], { HUBBUB_PASSWORD: password });
      expect(await add("ADA", PASSWORD)).toBe("There is an account ADA already.");
      expect(await add("a b", PASSWORD)).toStartWith("The name must have 3 to 32 characters");
      expect(await add("bob", "hush")).toBe("The password must be text of 8 to 256 characters.");
      expect(await add("bob", "Password1")).toBe(
        "The password is one of the most common, which are tried first.",
      );
      expect(await add("bob.builder", "Bob.Builder")).toBe(
        "The password is the account's name, which is tried first.",
      );
      expect(await refusalOf(["user", "role", "ada", "king", ...file])).toBe(
        "The role must be one of user, monitor, admin.",
      );
      expect(await refusalOf(["user", "role", "eve", "admin", ...file])).toBe(
        "There is no account eve.",
      );
      const below = ["--data", join(data.db, "hubbub.db")];
      expect(await refusalOf(["user", "add", "bob", ...below], env)).toContain("cannot be written");
      writeFileSync(join(data.path, "text"), "Dear diary, ".repeat(1000));
      const text = ["--data", join(data.path, "text")];
      expect(await refusalOf(["user", "list", ...text])).toContain("is not a database");
    },
    PATIENCE_MS,
  );
});
