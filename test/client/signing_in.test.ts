import { expect, test } from "bun:test";
import {
  finishSignIn,
  register,
  SecondFactorRequired,
  type SignIn,
  signIn,
  signOut,
} from "../../src/client/sign_in.ts";
import { FakeAccounts } from "./fake_accounts.ts";
import { FakeServer } from "./fake_server.ts";
import { clientOf, enters } from "./harness.ts";

const { PASSWORD } = FakeAccounts;

test("registering gives a sign-in that connects without the password", async () => {
  await using server = new FakeServer();
  const made = await register(server.url, "ada", PASSWORD);
  expect(made.user).toEqual({ id: 7, name: "ada", role: "user" });
  await using client = clientOf(server, { credentials: made });
  await client.connect();
  expect(server.calls).toEqual(["/auth/register"]);
  expect(server.upgrades[0]?.get("Authorization")).toBe(`Bearer ${made.accessToken}`);
});

test("where a second factor is asked for, the client gives the code that its application has", async () => {
  await using server = new FakeServer();
  server.accounts.code = "123456";
  const methods: string[] = [];
  const code = (asked: { readonly methods: readonly string[] }) => {
    methods.push(...asked.methods);
    return Promise.resolve("123456");
  };
  await using client = clientOf(server, {
    credentials: { name: "ada", password: PASSWORD, code },
  });
  await client.connect();
  expect(server.calls).toEqual(["/auth/token", "/auth/token/factor"]);
  expect(methods).toEqual(["totp"]);
});

test("where a second factor is asked for and there is none, the client says so and stops", async () => {
  await using server = new FakeServer();
  server.accounts.code = "123456";
  await using client = clientOf(server);
  await expect(client.connect()).rejects.toMatchObject({ code: "SECOND_FACTOR_REQUIRED" });
  expect(server.calls).toEqual(["/auth/token"]);
});

test("a wrong code may be followed by a right one", async () => {
  await using server = new FakeServer();
  server.accounts.code = "123456";
  const asked = await signIn(server.url, "ada", PASSWORD).catch((error: unknown) => error);
  if (!(asked instanceof SecondFactorRequired)) throw asked;
  const wrong = finishSignIn(server.url, asked.secondFactor, "000000");
  await expect(wrong).rejects.toMatchObject({ code: "INVALID_CODE", action: "fix" });
  const made = await finishSignIn(server.url, asked.secondFactor, "123456");
  expect(made.user.name).toBe("ada");
});

test("no token ever stands in an address", async () => {
  await using server = new FakeServer();
  await using client = clientOf(server);
  await client.connect();
  for (const path of server.calls) expect(path).not.toMatch(/access-|refresh-|ticket-/);
});

test("the server's refusals come with their codes", async () => {
  await using server = new FakeServer();
  const code = (work: Promise<unknown>) => work.catch((error) => error.code);
  expect(await code(register(server.url, "taken", PASSWORD))).toBe("NAME_TAKEN");
  expect(await code(signIn(server.url, "ada", "wrong"))).toBe("INVALID_CREDENTIALS");
  expect(await code(signIn("http://127.0.0.1:1", "ada", PASSWORD))).toBe("UNREACHABLE");
});

test.each([
  [200, "<html>", "UNEXPECTED_ANSWER"],
  [200, "{}", "UNEXPECTED_ANSWER"],
  [502, "<html>", "UNREACHABLE"],
  [429, '{"error":{"code":"RATE_LIMITED","text":"slow","retry_after_ms":70}}', "RATE_LIMITED"],
  [400, '{"error":{"code":"FROM_THE_FUTURE","text":"new"}}', "INTERNAL"],
  [400, '{"error":{"code":"UNSPECIFIED"}}', "INTERNAL"],
  [400, '{"error":{"code":"3"}}', "INTERNAL"],
])("an answer %i %s is read as %s", async (status, body, code) => {
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response(body, { status }),
  });
  const failure = signIn(`http://127.0.0.1:${server.port}`, "ada", PASSWORD);
  await expect(failure).rejects.toMatchObject({ code, retryAfterMs: status === 429 ? 70 : 0 });
});

test("signing out ends the access token", async () => {
  await using server = new FakeServer();
  const made = await signIn(server.url, "ada", PASSWORD);
  await signOut(server.url, made.accessToken);
  expect(server.accounts.access.size).toBe(0);
});

test("a wrong password stops the client, and connect says so", async () => {
  await using server = new FakeServer();
  const credentials = { name: "ada", password: "wrong" };
  await using client = clientOf(server, { credentials });
  await expect(client.connect()).rejects.toMatchObject({ code: "INVALID_CREDENTIALS" });
  expect(client.state).toBe("stopped");
});

test("something that is no Hubbub server stops the client at its first try", async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("hello"),
  });
  await using fake = new FakeServer();
  await using client = clientOf(fake, { url: `http://127.0.0.1:${server.port}` });
  await expect(client.connect()).rejects.toMatchObject({ code: "UNEXPECTED_ANSWER" });
});

test("a server that is not there yet is waited for", async () => {
  await using server = new FakeServer();
  server.refusal = 503;
  await using client = clientOf(server);
  const connected = client.connect();
  await enters(client, "waiting");
  server.refusal = undefined;
  await connected;
  expect(client.state).toBe("online");
});

test("each new refresh token is handed over before it is used", async () => {
  await using server = new FakeServer();
  server.joined.add("general");
  const kept: SignIn[] = [];
  const upgradesThen: number[] = [];
  await using client = clientOf(server, {
    async onSignIn(signIn) {
      await Bun.sleep(0);
      upgradesThen.push(server.upgrades.length);
      kept.push(signIn);
    },
  });
  await client.connect();
  const back = enters(client, "online");
  server.close(4500);
  await back;
  expect(kept.map(({ refreshToken }) => refreshToken)).toEqual(["refresh-1", "refresh-2"]);
  expect(upgradesThen).toEqual([0, 1]);
});

test("a refresh token alone is enough to connect", async () => {
  await using server = new FakeServer();
  const { refreshToken } = await signIn(server.url, "ada", PASSWORD);
  await using client = clientOf(server, { credentials: { refreshToken } });
  await client.connect();
  expect(server.calls).toEqual(["/auth/token", "/auth/refresh"]);
});

test("a used refresh token means signed out", async () => {
  await using server = new FakeServer();
  await using client = clientOf(server, { credentials: { refreshToken: "used" } });
  await expect(client.connect()).rejects.toMatchObject({ code: "SIGNED_OUT" });
});

test("clients that share a sign-in are told which token was refused", async () => {
  await using server = new FakeServer();
  const refused: (string | undefined)[] = [];
  const credentials = {
    renew(token: string | undefined) {
      refused.push(token);
      return signIn(server.url, "ada", PASSWORD);
    },
  };
  await using client = clientOf(server, { credentials });
  await client.connect();
  const back = enters(client, "online");
  server.close(4500);
  await back;
  expect(refused).toEqual([undefined, "access-1"]);
});
