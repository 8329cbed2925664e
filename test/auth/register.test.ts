import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { GENERAL_CHANNEL_ID } from "../../src/store/schema.ts";
import { AuthServer, PASSWORD, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

describe("registration", () => {
  test("makes an account that is signed in", async () => {
    await using server = await AuthServer.start();
    const answer = await server.register("Ada.L-1");
    expect(answer).toEqual({
      access_token: expect.any(String),
      token_type: "bearer",
      expires_in: 600,
      refresh_token: expect.stringMatching(/^[\w-]{22}\.[\w-]{43}\.[\w-]{22}$/),
      device: expect.stringMatching(/^\d+\.[\w-]{22}\.[\w-]{43}$/),
      user: { id: 1, name: "Ada.L-1", role: "user" },
    });
    const me = await server.as<object>(answer.access_token, "GET", "/auth/me");
    expect(me.body).toEqual(answer.user);
  });

  test("puts the account into the general channel, and says that it was made", async () => {
    await using server = await AuthServer.start();
    const { user } = await server.register();
    const rows = server.store.reading.query("SELECT * FROM subscription").all();
    expect(rows).toEqual([{ account_id: user.id, channel_id: GENERAL_CHANNEL_ID }]);
    expect(server.accountsCreated).toBe(1);
  });

  test("has a rate for the whole server, since all other limits are by account", async () => {
    await using server = await AuthServer.start();
    server.registrationWaitMs = 36_000;
    const answer = await server.post("/auth/register", { name: "ada", password: PASSWORD });
    expect(answer.status).toBe(429);
    expect(answer.body.error).toMatchObject({ code: "RATE_LIMITED", retry_after_ms: 36_000 });
    expect(server.counters.hashes).toBe(0);
  });

  test("refuses a name that is taken, in whatever case", async () => {
    await using server = await AuthServer.start();
    await server.register("Ada");
    const answer = await server.post("/auth/register", { name: "aDA", password: PASSWORD });
    expect(answer.status).toBe(409);
    expect(answer.body.error.code).toBe("NAME_TAKEN");
  });

  test("of one name by two at once makes one account", async () => {
    await using server = await AuthServer.start();
    const both = ["ada", "ADA"].map((name) =>
      server.post("/auth/register", { name, password: PASSWORD }),
    );
    const answers = await Promise.all(both);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(server.accountsCreated).toBe(1);
  });

  test.each(["ab", "a".repeat(33), "a b", "ada!", "ädä", "", "ada\n", "a/b"])(
    "refuses the name %j",
    async (name) => {
      await using server = await AuthServer.start();
      const answer = await server.post("/auth/register", { name, password: PASSWORD });
      expect(answer.status).toBe(422);
      expect(answer.body.error.code).toBe("INVALID_ARGUMENT");
      expect(answer.body.error.text).toStartWith("name:");
    },
  );

  test.each([
    ["of 7 characters", "1234567"],
    ["of 7 characters that are 14 UTF-16 units", "😀".repeat(7)],
    ["of 257 characters", "x".repeat(257)],
    ["that normalization makes longer than 256 characters", "ﬃ".repeat(100)],
    ["with half of a surrogate pair", "12345678\ud83d"],
  ])("refuses a password %s", async (_, password) => {
    await using server = await AuthServer.start();
    const answer = await server.post("/auth/register", { name: "ada", password });
    expect(answer.status).toBe(422);
    expect(answer.body.error).toEqual({
      code: "INVALID_ARGUMENT",
      text: "password: 8 to 256 characters of text.",
    });
  });

  test.each([
    ["of 8 characters", "k7#Wq2!x"],
    ["of 256 characters beyond the basic plane", "😀".repeat(256)],
    ["with a NUL in it", "1234\u00005679"],
  ])("takes a password %s", async (_, password) => {
    await using server = await AuthServer.start();
    await server.register("ada", password);
    await server.signIn("ada", password);
  });

  test("is refused where the operator has closed it", async () => {
    await using server = await AuthServer.start({ registration: "closed" });
    const answer = await server.post("/auth/register", { name: "ada", password: PASSWORD });
    expect(answer.status).toBe(403);
    expect(answer.body.error.code).toBe("REGISTRATION_CLOSED");
  });
});
