import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { HashChild } from "../../src/auth/hash_child.ts";
import type { HashAnswer } from "../../src/auth/hash_orders.ts";
import { Refusal } from "../../src/auth/refusal.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const cost = { memoryKib: 19_456, passes: 2 };

/** A child whose back-off ends when the test says so. */
class Supervised {
  /** The waits it asked for, in milliseconds. */
  readonly waits: number[] = [];
  #next: (() => void) | undefined;
  #waited = Promise.withResolvers<void>();
  readonly folder = makeFolder();
  readonly pepperFile = join(this.folder, "pepper.key");
  readonly logged: string[] = [];
  readonly child = new HashChild(
    { pepperFile: this.pepperFile, mayMakePepper: true, cost },
    pino({ level: "debug" }, { write: (line) => this.logged.push(line) }),
    (ms, call) => {
      this.waits.push(ms);
      this.#next = call;
      this.#waited.resolve();
    },
    () => 0.5,
  );

  /** Kills the process, and waits until that was noticed. */
  async kill(): Promise<void> {
    this.#waited = Promise.withResolvers();
    process.kill(this.pid, "SIGKILL");
    await this.#waited.promise;
  }

  restart(): void {
    this.#next?.();
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("there is no process");
    return this.child.pid;
  }
}

const open: Supervised[] = [];

function supervised(): Supervised {
  const one = new Supervised();
  open.push(one);
  return one;
}

afterEach(async () => {
  const ended = open.splice(0).map(async ({ child, folder }) => {
    await child.stop();
    removeFolder(folder);
  });
  await Promise.all(ended);
});

async function hashOf(child: HashChild, password: string): Promise<string> {
  const answer = await child.hash(password);
  if (!("hash" in answer)) throw new Error("no hash came back");
  return answer.hash;
}

async function refusalOf(answer: Promise<HashAnswer>): Promise<Refusal> {
  const refusal = await answer.catch((error: unknown) => error);
  if (refusal instanceof Refusal) return refusal;
  throw new Error("it was not refused");
}

describe("the process that hashes", () => {
  test("makes Argon2id hashes of 19 MiB, two passes and one lane, each with its own salt", async () => {
    const { child } = supervised();
    const hash = await hashOf(child, "correct horse");
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=[A-Za-z0-9+/]{11}\$/);
    expect(await hashOf(child, "correct horse")).not.toBe(hash);
  });

  test("tells the right password from a wrong one", async () => {
    const { child } = supervised();
    const hash = await hashOf(child, "correct horse");
    expect(await child.verify(hash, "correct horse")).toMatchObject({ matches: true });
    expect(await child.verify(hash, "correct horsf")).toMatchObject({ matches: false });
  });

  test("lets nobody in where there is no hash", async () => {
    const { child } = supervised();
    expect(await child.verify(null, "correct horse")).toMatchObject({ matches: false });
  });

  test.each(["", "plain", "$argon2id$v=19$m=19456,t=2,p=1$", "$2b$10$abc"])(
    "lets nobody in by the stored hash %j",
    async (hash) => {
      const { child } = supervised();
      const answer = await child.verify(hash, "correct horse");
      expect(answer).toMatchObject({ matches: false, unusable: true });
      expect(await hashOf(child, "still alive")).toStartWith("$argon2id$");
    },
  );

  test("runs at idle priority", async () => {
    const { child, pid } = supervised();
    await hashOf(child, "correct horse");
    const statOf = (thread: string) =>
      readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    const threads = readdirSync(`/proc/${pid}/task`).map(statOf);
    const SCHED_IDLE = "5";
    const [nice, policy] = child.priority === "idle" ? ["0", SCHED_IDLE] : ["19", "0"];
    expect(new Set(threads.map((fields) => `${fields[38]}`))).toEqual(new Set([policy]));
    if (child.priority === "low") expect(threads[0]?.[16]).toBe(nice);
  });

  test("stays in the server's session and process group, or its priority would mean nothing", async () => {
    const { child, pid } = supervised();
    await hashOf(child, "correct horse");
    const groupOf = async (id: number | "self") => {
      const fields = (await Bun.file(`/proc/${id}/stat`).text()).split(") ")[1]?.split(" ") ?? [];
      return fields.slice(2, 4);
    };
    expect(await groupOf(pid)).toEqual(await groupOf("self"));
  });

  test("refuses a new password that is a common one, but checks such an old one", async () => {
    const { child } = supervised();
    expect(await child.hash("PassWord1")).toMatchObject({ isCommon: true });
    const old = await Bun.password.hash("password1", {
      algorithm: "argon2id",
      memoryCost: 19_456,
      timeCost: 2,
    });
    expect(await child.verify(old, "password1")).toMatchObject({ matches: true });
  });

  test("gets nothing of the server's environment", async () => {
    const { child, pid } = supervised();
    await hashOf(child, "correct horse");
    const environment = (await Bun.file(`/proc/${pid}/environ`).text()).split("\0");
    // What Bun itself adds, for the channel.
    expect(environment.filter((entry) => entry && !entry.startsWith("NODE_CHANNEL_"))).toEqual([]);
  });

  test("killed in the middle of a hash lets nobody in, and is started again", async () => {
    const one = supervised();
    const hash = await hashOf(one.child, "correct horse");
    const firstPid = one.pid;
    // Held still, so that it is certain to die with the work undone.
    process.kill(one.pid, "SIGSTOP");
    const lost = [one.child.verify(hash, "correct horse"), one.child.hash("another")];
    const refusals = Promise.all(lost.map(refusalOf));
    await one.kill();
    for (const refusal of await refusals) {
      expect(refusal.code).toBe(ErrorCode.SIGN_IN_BUSY);
      expect(refusal.retryAfterMs).toBeGreaterThan(0);
    }

    expect((await refusalOf(one.child.hash("while it is away"))).code).toBe(ErrorCode.SIGN_IN_BUSY);
    one.restart();
    expect(await one.child.verify(hash, "correct horse")).toMatchObject({ matches: true });
    expect(one.pid).not.toBe(firstPid);
  });

  test("that has died unnoticed refuses what it is asked", async () => {
    const one = supervised();
    await hashOf(one.child, "correct horse");
    process.kill(one.pid, "SIGKILL");
    expect((await refusalOf(one.child.hash("another"))).code).toBe(ErrorCode.SIGN_IN_BUSY);
  });

  test("is started again later and later while it dies, and soon after it has worked", async () => {
    const one = supervised();
    for (let death = 0; death < 4; death += 1) {
      await one.kill();
      one.restart();
    }
    await hashOf(one.child, "correct horse");
    await one.kill();
    // Half of 200, 400, 800 and 1600, because chance says half here; then from the beginning.
    expect(one.waits).toEqual([100, 200, 400, 800, 100]);
  });

  test("outlives a Ctrl-C that is meant for the server", async () => {
    const one = supervised();
    await hashOf(one.child, "correct horse");
    process.kill(one.pid, "SIGINT");
    process.kill(one.pid, "SIGTERM");
    await hashOf(one.child, "correct horse");
    expect(one.waits).toEqual([]);
  });

  test("is gone after stop, and what it was asked is refused", async () => {
    const one = supervised();
    const { pid } = one;
    const asked = refusalOf(one.child.hash("correct horse"));
    await one.child.stop();
    expect((await asked).code).toBe(ErrorCode.GOING_AWAY);
    expect((await refusalOf(one.child.hash("another"))).code).toBe(ErrorCode.GOING_AWAY);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(one.waits).toEqual([]);
  });
});

describe("the pepper", () => {
  test("is 32 bytes in a file that only its owner can read, and every hash depends on it", async () => {
    const one = supervised();
    const hash = await hashOf(one.child, "correct horse");
    expect(statSync(one.pepperFile).mode & 0o777).toBe(0o600);
    const keys = readFileSync(one.pepperFile, "utf8").match(/^[A-Za-z0-9_-]+$/gm) ?? [];
    expect(keys.map((key) => Buffer.from(key, "base64url").length)).toEqual([32]);
    // Whoever has only the database has nothing to guess against.
    const bare = hash.replace(/,keyid=[^$]*/, "");
    expect(await Bun.password.verify("correct horse", bare)).toBe(false);
    expect(await one.child.verify(bare, "correct horse")).toMatchObject({ matches: false });
  });

  test("that went missing under a running child does no harm; its next one is not given another", async () => {
    const one = supervised();
    const hash = await hashOf(one.child, "correct horse");
    const kept = readFileSync(one.pepperFile);
    unlinkSync(one.pepperFile);
    expect(await one.child.verify(hash, "correct horse")).toMatchObject({ matches: true });

    await one.kill();
    one.restart();
    const sentence = expect.stringContaining("pepper.key is missing");
    expect(await one.child.verify(hash, "correct horse")).toMatchObject({
      pepperTrouble: sentence,
    });
    expect(await one.child.verify(null, "correct horse")).toMatchObject({
      pepperTrouble: sentence,
    });
    expect(await one.child.hash("correct horse")).toMatchObject({ pepperTrouble: sentence });
    expect(existsSync(one.pepperFile)).toBe(false);
    expect(one.logged.join("")).toContain("no password can be checked");

    // Restored, it is found without a restart.
    writeFileSync(one.pepperFile, kept, { mode: 0o600 });
    expect(await one.child.verify(hash, "correct horse")).toMatchObject({ matches: true });
  });

  test("is nowhere in what the child says or the server logs", async () => {
    const one = supervised();
    const answers = [
      await one.child.hash("correct horse"),
      await one.child.verify(null, "correct horse"),
      await one.child.verify("$argon2id$broken", "correct horse"),
    ];
    const [key = ""] = readFileSync(one.pepperFile, "utf8").match(/^[A-Za-z0-9_-]{43}$/m) ?? [];
    expect(key).not.toBe("");
    const said = JSON.stringify(answers) + one.logged.join("");
    for (const encoding of ["base64", "base64url", "hex"] as const) {
      const shown = Buffer.from(key, "base64url").toString(encoding).replaceAll("=", "");
      expect(said).not.toContain(shown);
    }
  });
});

describe("a server with a hasher", () => {
  const source = join(import.meta.dir, "../../src/auth/hash_child.ts");
  /** Starts a hasher in a process of its own, whose end the hasher should notice. */
  function parent(then: string, folder = makeFolder()) {
    const script = `
      import pino from "pino";
      import { HashChild } from ${JSON.stringify(source)};
      const options = ${JSON.stringify({ pepperFile: join(folder, "pepper.key"), mayMakePepper: true, cost })};
      const child = new HashChild(options, pino({ level: "silent" }));
      const answer = await child.hash("correct horse");
      console.log("hash" in answer ? "hashed" : "failed");
      ${then}`;
    return Bun.spawn([process.execPath, "-e", script], {
      cwd: join(import.meta.dir, "../.."),
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** The hasher inherits its parent's standard error, which therefore ends with the last of them. */
  async function bothGone(server: ReturnType<typeof parent>): Promise<string> {
    return await new Response(server.stderr).text();
  }

  test("is not kept alive by it", async () => {
    const server = parent("");
    expect(await bothGone(server)).toBe("");
    expect(await new Response(server.stdout).text()).toBe("hashed\n");
    expect(await server.exited).toBe(0);
  });

  test("that is killed takes it along", async () => {
    const server = parent(`console.log("ready"); setInterval(() => {}, 1000);`);
    const { value } = await server.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toStartWith("hashed\n");
    server.kill("SIGKILL");
    expect(await bothGone(server)).toBe("");
  });
});
