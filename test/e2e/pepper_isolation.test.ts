import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { folder, PATIENCE_MS, post } from "../support/command.ts";
import { startProcess } from "../support/process.ts";
import { childrenOf, memoryHas } from "../support/process_memory.ts";
import { PASSWORD, register } from "../support/server.ts";

test.skipIf(process.platform !== "linux")(
  "the pepper is in the hasher's memory and never in the server's, nor the signing secret in the hasher's",
  async () => {
    using data = folder();
    const server = await startProcess(data.path);
    await register(server.url, "ada");
    for (const password of [PASSWORD, "a wrong password"]) {
      await post(server.url, "token", { name: "ada", password });
    }
    const [key = ""] =
      readFileSync(join(data.path, "pepper.key"), "utf8").match(/^[\w-]{43}$/m) ?? [];
    const needles = [Buffer.from(key), Buffer.from(key, "base64url")];
    const maps = (pid: number) => readFileSync(`/proc/${pid}/maps`, "utf8");
    const [hasher = 0] = childrenOf(server.pid);
    expect(maps(hasher)).toContain("argon2");
    expect(maps(server.pid)).not.toContain("argon2");
    // That it is found where it is shows that it would be found where it must not be.
    expect(memoryHas(hasher, needles)).toBe(true);
    expect(memoryHas(server.pid, needles)).toBe(false);
    const [secret = ""] = readFileSync(join(data.path, "signing.key"), "utf8").split("\n");
    expect(memoryHas(hasher, [Buffer.from(secret)])).toBe(false);
    await server.end("SIGTERM");
  },
  PATIENCE_MS,
);
