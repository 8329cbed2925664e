import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FactorSecrets } from "../../src/auth/factor_secrets.ts";
import { StoreFileError } from "../../src/store/schema.ts";
import { InProcessStore } from "../support/in_process_store.ts";
import { AuthServer, expectStatus, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";
import { addTotp, appCode, signInWithCode } from "./factors.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

describe("a sealed secret", () => {
  const secrets = new FactorSecrets(randomBytes(32));
  const secret = new Uint8Array(randomBytes(20));

  test("opens for its account, and looks different each time", () => {
    const sealed = secrets.seal(secret, 7);
    expect(secrets.open(sealed, 7)).toEqual(secret);
    expect(secrets.seal(secret, 7)).not.toEqual(sealed);
  });

  test("does not open for another account, or with another key", () => {
    const sealed = secrets.seal(secret, 7);
    expect(secrets.open(sealed, 8)).toBeUndefined();
    expect(new FactorSecrets(randomBytes(32)).open(sealed, 7)).toBeUndefined();
  });

  test("does not open where a single bit was changed, or a part is missing", () => {
    const sealed = secrets.seal(secret, 7);
    for (let index = 0; index < sealed.length; index++) {
      const changed = sealed.slice();
      changed[index] = (changed[index] as number) ^ 1;
      expect(secrets.open(changed, 7)).toBeUndefined();
      expect(secrets.open(sealed.subarray(0, index), 7)).toBeUndefined();
    }
  });
});

describe("the key of second factors", () => {
  /** A server that had one-time codes turned on, and stopped. */
  async function stopped() {
    const store = new InProcessStore();
    const server = await AuthServer.start({ store, keepsStore: true });
    const { access_token: ada } = await server.register();
    const { secret } = await addTotp(server, ada);
    const { nowMs } = server;
    await server[Symbol.asyncDispose]();
    return { store, secret, nowMs, path: join(store.folder, "factors.key") };
  }

  async function refusal(store: InProcessStore): Promise<string> {
    const start = AuthServer.start({ store, keepsStore: true });
    const error = await start.then(
      () => undefined,
      (error: unknown) => error,
    );
    store.close();
    if (error instanceof StoreFileError) return error.message;
    throw new Error("the server started");
  }

  test("is made on first start for its owner's eyes only, and is the same ever after", async () => {
    const { store, secret, nowMs, path } = await stopped();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toMatch(/^[\w-]{43}\n$/);
    await using server = await AuthServer.start({ store });
    server.nowMs = nowMs;
    expectStatus(200, await signInWithCode(server, appCode(secret, nowMs)));
  });

  test("that is gone, while secrets need it, is told in a sentence", async () => {
    const { store, path } = await stopped();
    rmSync(path);
    const sentence = await refusal(store);
    expect(sentence).toContain(`${path} is not the key that`);
    expect(sentence).toContain("hubbub user factors NAME --remove");
  });

  test.each(["", "short\n", `${"A".repeat(50)}\n`])("that is damaged (%j) is too", async (text) => {
    const { store, path } = await stopped();
    writeFileSync(path, text);
    expect(await refusal(store)).toContain("is damaged");
  });

  test("that others can read is refused", async () => {
    const { store, path } = await stopped();
    chmodSync(path, 0o644);
    expect(await refusal(store)).toContain(`chmod 600 ${path}`);
  });
});
