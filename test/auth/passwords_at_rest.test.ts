import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readPeppers } from "../../src/auth/pepper_file.ts";
import { InProcessStore } from "../support/in_process_store.ts";
import { childrenOf } from "../support/process_memory.ts";
import { until } from "../support/wait.ts";
import { AuthServer, PASSWORD, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const WRONG = "a wrong password";

function storedHash({ store }: AuthServer, name = "ada"): string {
  return store.reads.credentialsByName(name)?.passwordHash ?? "";
}

function store(server: AuthServer, hash: string): void {
  server.store.writing.run("UPDATE account SET password_hash = ?", [hash]);
}

/** A store that outlives the server that it is given to. */
class LastingStore extends InProcessStore {
  override close(): void {}

  [Symbol.dispose](): void {
    super.close();
  }
}

describe("a stored hash that cannot be used", () => {
  const TAG = "AAECAwQFBgcICQoLDA0ODw$quyusfeeuAGbpiw09i+j4VKJ+I/5h3mugd4HghmS/x8";
  test.each([
    ["empty", ""],
    ["corrupt", "$argon2id$v=19$m=19456,t=2,p=1$!!!$???"],
    ["cut short", "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$quyu"],
    ["tiny", `$argon2id$v=19$m=8,t=1,p=1$${TAG}`],
    ["huge in memory", `$argon2id$v=19$m=4294967295,t=2,p=1$${TAG}`],
    ["huge in passes", `$argon2id$v=19$m=19456,t=4294967295,p=1$${TAG}`],
    ["the password itself", PASSWORD],
    ["long", "$argon2id$".repeat(10_000)],
  ])("(%s) is answered as a wrong password is, and logged once without it", async (_, hash) => {
    await using server = await AuthServer.start();
    await server.register();
    const wrong = await server.post("/auth/token", { name: "ada", password: WRONG });
    store(server, hash);
    const hashes = server.counters.hashes;
    for (const password of [PASSWORD, WRONG]) {
      const answer = await server.post("/auth/token", { name: "ada", password });
      expect([answer.status, answer.text]).toEqual([wrong.status, wrong.text]);
    }
    expect(server.counters.hashes).toBe(hashes + 2);
    const told = server.logged.filter((line) => line.includes("damaged or out of bounds"));
    expect(told).toHaveLength(1);
    expect(JSON.parse(told[0] ?? "")).toMatchObject({ level: 50, account: 1 });
    if (hash !== "") expect(server.logged.join("")).not.toContain(hash);
  });
});

describe("an outdated hash", () => {
  test("is replaced by the sign-in, and only by one that is right", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const weak = await Bun.password.hash(PASSWORD, {
      algorithm: "argon2id",
      memoryCost: 4096,
      timeCost: 1,
    });
    store(server, weak);
    await server.post("/auth/token", { name: "ada", password: WRONG });
    expect(storedHash(server)).toBe(weak);
    await server.signIn();
    expect(storedHash(server)).toContain("$m=19456,t=2,p=1,keyid=");
    // It was no change of the password: nobody is signed out.
    expect((await server.as(access_token, "GET", "/auth/me")).status).toBe(200);
    await server.signIn();
  });

  test("replaced by two sign-ins at once never calls the right password wrong", async () => {
    await using server = await AuthServer.start();
    const { device } = await server.register();
    const bare = await Bun.password.hash(PASSWORD, {
      algorithm: "argon2id",
      memoryCost: 19_456,
      timeCost: 2,
    });
    store(server, bare);
    const both = [undefined, device].map((known) =>
      server.post("/auth/token", {
        name: "ada",
        password: PASSWORD,
        ...(known && { device: known }),
      }),
    );
    const statuses = (await Promise.all(both)).map(({ status }) => status);
    // One has the hash that was replaced meanwhile: it begins no session by that, and may try again.
    expect(statuses.sort()).toEqual([200, 503]);
    await server.signIn();
  });

  test("is one that a stronger setting makes outdated", async () => {
    using store = new LastingStore();
    {
      await using server = await AuthServer.start({ store });
      await server.register();
    }
    await using server = await AuthServer.start({ store, hashMemoryKib: 32_768, hashPasses: 3 });
    await server.signIn();
    expect(storedHash(server)).toContain("$m=32768,t=3,p=1,keyid=");
    await server.signIn();
  });
});

describe("the pepper", () => {
  test("is made by the first start beside the data, and needed by every hash", async () => {
    await using server = await AuthServer.start();
    await server.register();
    const { newest } = readPeppers(join(server.store.folder, "pepper.key"), false);
    expect(storedHash(server)).toContain(`,keyid=${newest.id}$`);
  });

  test("that is missing at the start is not made anew: nobody is let in, refused as wrong, or registered", async () => {
    using store = new LastingStore();
    {
      await using server = await AuthServer.start({ store });
      await server.register();
    }
    const path = join(store.folder, "pepper.key");
    renameSync(path, `${path}.kept`);
    await using server = await AuthServer.start({ store });
    const attempts = [
      ["/auth/token", { name: "ada", password: PASSWORD }],
      ["/auth/token", { name: "ada", password: WRONG }],
      ["/auth/token", { name: "eve", password: WRONG }],
      ["/auth/register", { name: "bob", password: PASSWORD }],
    ] as const;
    for (const [route, body] of attempts) {
      const answer = await server.post(route, body);
      expect([answer.status, answer.body.error.code]).toEqual([503, "PASSWORDS_UNAVAILABLE"]);
    }
    expect(existsSync(path)).toBe(false);
    const told = server.logged.map((line) => JSON.parse(line)).filter(({ level }) => level >= 50);
    expect(told[0]).toMatchObject({
      msg: "no password can be checked",
      trouble: expect.stringContaining("pepper.key is missing"),
    });

    renameSync(`${path}.kept`, path);
    await server.signIn();
  });

  test("that is another is a missing one: a right password is never called wrong", async () => {
    using store = new LastingStore();
    {
      await using server = await AuthServer.start({ store });
      await server.register();
    }
    const path = join(store.folder, "pepper.key");
    writeFileSync(path, readFileSync(path, "utf8").replace(/^[\w-]{43}$/m, "B".repeat(43)));
    await using server = await AuthServer.start({ store });
    const answer = await server.post("/auth/token", { name: "ada", password: PASSWORD });
    expect([answer.status, answer.body.error.code]).toEqual([503, "PASSWORDS_UNAVAILABLE"]);
    expect(server.logged.join("")).toContain("is missing: restore it");
    // Those who come new have the pepper that there is.
    await server.register("bob");
    await server.signIn("bob");
  });

  test("lies where the setting says", async () => {
    using store = new LastingStore();
    const pepperFile = join(store.folder, "elsewhere.key");
    await using server = await AuthServer.start({ store, pepperFile });
    await server.register();
    expect(readdirSync(store.folder)).toContain("elsewhere.key");
    expect(readdirSync(store.folder)).not.toContain("pepper.key");
  });
});

describe("the hasher killed in the middle of a hash", () => {
  test("lets nobody in, says when to come back, and is started again", async () => {
    const before = new Set(childrenOf(process.pid));
    await using server = await AuthServer.start();
    await server.register();
    const [hasher = 0, ...others] = childrenOf(process.pid).filter((pid) => !before.has(pid));
    expect(others).toEqual([]);
    process.kill(hasher, "SIGSTOP");
    const attempts = ["ada", "eve"].map((name) =>
      server.post("/auth/token", { name, password: PASSWORD }),
    );
    await until(() => server.counters.signInsWaiting === 1);
    process.kill(hasher, "SIGKILL");
    for (const answer of await Promise.all(attempts)) {
      expect([answer.status, answer.body.error.code]).toEqual([503, "SIGN_IN_BUSY"]);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect(server.logged.join("")).toContain("hasher died");
    await until(async () => (await server.try("ada", PASSWORD, "")).status === 200);
  });
});

describe("a password", () => {
  test.each(["password1", "PASSWORD1", "12345678", "qwertyuiop"])(
    "as common as %s is refused with the reason, and without an echo",
    async (password) => {
      await using server = await AuthServer.start();
      const answer = await server.post("/auth/register", { name: "ada", password });
      expect(answer.status).toBe(422);
      expect(answer.body.error).toEqual({
        code: "INVALID_ARGUMENT",
        text: "password: it is on the list of the most common passwords, which are tried first. Choose another.",
      });
      expect(server.store.reads.credentialsByName("ada")).toBeUndefined();
      const { access_token } = await server.register();
      const body = { current_password: PASSWORD, new_password: password };
      const change = await server.as(access_token, "POST", "/auth/password", body);
      expect(change.status).toBe(422);
      expect(change.body.error.text).toStartWith("new_password: it is on the list");
      expect(server.logged.join("") + answer.text + change.text).not.toContain(password);
    },
  );

  test("that is the account's name is refused with the reason", async () => {
    await using server = await AuthServer.start();
    const body = { name: "ada.lovelace", password: "Ada.Lovelace" };
    const answer = await server.post("/auth/register", body);
    expect(answer.body.error.text).toStartWith("password: it is the account's name");
  });

  test.each([
    ["at byte 73", "x".repeat(72), ""],
    ["at its 256th character", "x".repeat(255), ""],
    ["at its 256th character of four bytes", "😀".repeat(255), ""],
    ["behind a NUL", "before \0 behind ", ""],
    ["in a NUL", "before ", " behind"],
  ])("that differs only %s is another", async (_, before, after) => {
    await using server = await AuthServer.start();
    await server.register("ada", `${before}\u0001${after}`);
    const other = { name: "ada", password: `${before}\u0002${after}` };
    expect((await server.post("/auth/token", other)).status).toBe(401);
    const nul = { name: "ada", password: `${before}\0${after}` };
    expect((await server.post("/auth/token", nul)).status).toBe(401);
    await server.signIn("ada", `${before}\u0001${after}`);
  });

  test("with a lone surrogate is nobody's, and not the same as one with another", async () => {
    await using server = await AuthServer.start();
    await server.register("ada", "replaced \ufffd");
    for (const password of ["replaced \ud800", "replaced \udfff"]) {
      const answer = await server.post("/auth/token", { name: "ada", password });
      expect(answer.status).toBe(401);
    }
    await server.signIn("ada", "replaced \ufffd");
  });

  test("in full width or with ligatures is the same as without (NFKC)", async () => {
    await using server = await AuthServer.start();
    await server.register("ada", "ｃｏｒｒｅｃｔ ﬁｓｈ");
    await server.signIn("ada", "correct fish");
  });
});
