import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { errorName } from "../../src/wire/codes.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { AuthServer, expectStatus, PASSWORD, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";
import { addPasskey, requestOptions } from "./factors.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

interface Operation {
  readonly summary: string;
  readonly security: readonly object[];
  readonly responses: Record<string, { description: string; content?: Record<string, object> }>;
  readonly requestBody?: { readonly content: Record<string, { schema: { properties: object } }> };
}

interface ObjectSchema {
  readonly type: "object";
  readonly required: readonly string[];
  readonly properties: object;
}

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, ObjectSchema>;
    readonly securitySchemes: object;
  };
}

async function document(server: AuthServer): Promise<Document> {
  return expectStatus(200, await server.call<Document>("GET", "/openapi/json"));
}

function operations({ paths }: Document): [string, Operation][] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
}

describe("the OpenAPI document", () => {
  test("names every route, with its success and whether it takes a token", async () => {
    await using server = await AuthServer.start();
    const listed = operations(await document(server)).map(([route, { responses, security }]) => [
      route,
      Object.keys(responses).filter((status) => status.startsWith("2"))[0],
      security.length > 0,
    ]);
    expect(listed.sort()).toEqual([
      ["DELETE /auth/factors/passkeys/{id}", "204", true],
      ["DELETE /auth/factors/totp", "204", true],
      ["DELETE /auth/sessions/{id}", "204", true],
      ["GET /auth/factors", "200", true],
      ["GET /auth/me", "200", true],
      ["GET /auth/sessions", "200", true],
      ["PATCH /auth/factors/passkeys/{id}", "204", true],
      ["POST /auth/confirm", "204", true],
      ["POST /auth/confirm/options", "200", true],
      ["POST /auth/factors/passkeys", "201", true],
      ["POST /auth/factors/passkeys/options", "200", true],
      ["POST /auth/factors/recovery-codes", "200", true],
      ["POST /auth/factors/totp", "200", true],
      ["POST /auth/factors/totp/confirm", "200", true],
      ["POST /auth/logout", "204", true],
      ["POST /auth/passkey/options", "200", false],
      ["POST /auth/passkey/token", "200", false],
      ["POST /auth/password", "200", true],
      ["POST /auth/refresh", "200", false],
      ["POST /auth/register", "201", false],
      ["POST /auth/ticket", "200", true],
      ["POST /auth/token", "200", false],
      ["POST /auth/token/factor", "200", false],
      ["POST /profile", "200", true],
    ]);
  });

  test("says what each route takes, and in which encodings", async () => {
    await using server = await AuthServer.start();
    const taken = operations(await document(server)).flatMap(([route, { requestBody }]) =>
      Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => [
        route,
        type,
        Object.keys(schema.properties).join(" "),
      ]),
    );
    expect(taken.sort()).toEqual([
      ["PATCH /auth/factors/passkeys/{id}", "application/json", "name"],
      ["POST /auth/confirm", "application/json", "password code passkey"],
      ["POST /auth/factors/passkeys", "application/json", "name passkey"],
      ["POST /auth/factors/totp/confirm", "application/json", "enrolment code"],
      ["POST /auth/passkey/token", "application/json", "passkey cookie"],
      ["POST /auth/password", "application/json", "current_password new_password cookie"],
      ["POST /auth/refresh", "application/json", "refresh_token"],
      ["POST /auth/register", "application/json", "name password cookie"],
      ["POST /auth/token", "application/json", "grant_type name username password device cookie"],
      [
        "POST /auth/token",
        "application/x-www-form-urlencoded",
        "grant_type name username password device cookie",
      ],
      ["POST /auth/token/factor", "application/json", "challenge code passkey cookie"],
      [
        "POST /auth/token/factor",
        "application/x-www-form-urlencoded",
        "challenge code passkey cookie",
      ],
    ]);
  });

  test("refers only to what it holds, and tells each refusal by its code", async () => {
    await using server = await AuthServer.start();
    const whole = await document(server);
    const references = [...JSON.stringify(whole).matchAll(/"\$ref":"([^"]*)"/g)].map(
      ([, to]) => to,
    );
    const held = Object.keys(whole.components.schemas).map(
      (name) => `#/components/schemas/${name}`,
    );
    expect([...new Set(references)].sort()).toEqual(held.sort());
    for (const [route, { summary, responses }] of operations(whole)) {
      expect(summary, route).not.toBe("");
      expect(responses[500]?.description, route).toContain(errorName(ErrorCode.INTERNAL));
    }
    const token = whole.paths["/auth/token"]?.post?.responses;
    expect(token?.[401]?.description).toContain("INVALID_CREDENTIALS");
    expect(token?.[401]?.description).toContain("SECOND_FACTOR_REQUIRED");
    expect(JSON.stringify(token?.[401]?.content)).toContain("TokenRefusal");
    expect(token?.[503]?.description).toContain("SIGN_IN_BUSY");
    expect(whole.components.securitySchemes).toHaveProperty("bearer");
  });

  test("describes the answers as they are", async () => {
    await using server = await AuthServer.start();
    const { schemas } = (await document(server)).components;
    const signedIn = await server.register();
    const token = signedIn.access_token;
    const answers: Record<string, object> = {
      SignIn: signedIn,
      User: (await server.as<object>(token, "GET", "/auth/me")).body,
      SessionList: (await server.as<object>(token, "GET", "/auth/sessions")).body,
      Ticket: (await server.as<object>(token, "POST", "/auth/ticket")).body,
      Error: (await server.post("/auth/register", { name: "ada", password: PASSWORD })).body,
    };
    const factors = "/auth/factors";
    answers.FactorList = (await server.as<object>(token, "GET", factors)).body;
    answers.TotpEnrolment = (await server.as<object>(token, "POST", `${factors}/totp`)).body;
    const { authenticator, recoveryCodes } = await addPasskey(server, token);
    answers.FactorAdded = { recovery_codes: recoveryCodes };
    answers.TokenRefusal = (
      await server.post<object>("/auth/token", { name: "ada", password: PASSWORD })
    ).body;
    const passkey = authenticator.get(await requestOptions(server));
    const again = expectStatus(
      200,
      await server.post<SignInAnswer>("/auth/passkey/token", { passkey }),
    );
    answers.RecoveryCodes = (
      await server.as<object>(again.access_token, "POST", `${factors}/recovery-codes`)
    ).body;
    const optional = new Set(["FactorAdded", "TokenRefusal"]);
    for (const [name, answer] of Object.entries(answers)) {
      // The refresh token may be kept in a cookie instead.
      const sure = Object.keys(answer).filter((field) => field !== "refresh_token");
      const required = [...(schemas[name]?.required ?? [])].sort();
      if (!optional.has(name)) expect(sure.sort(), name).toEqual(required);
      expect(Object.keys(schemas[name]?.properties ?? {}).sort(), name).toEqual(
        Object.keys(answer).sort(),
      );
    }
  });

  test("has a page for people", async () => {
    await using server = await AuthServer.start();
    const response = await server.auth.fetch(new Request(`${server.origin}/openapi`));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toStartWith("text/html");
    expect(await response.text()).toContain("openapi/json");
  });
});

test("the page takes all its parts from this server", async () => {
  await using server = await AuthServer.start();
  const page = await (await fetch(`${server.origin}/openapi`)).text();
  const parts = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part as string);
  expect(parts.length).toBeGreaterThanOrEqual(2);
  for (const part of parts) {
    expect(part).toStartWith("/openapi/");
    expect((await fetch(`${server.origin}${part}`)).status).toBe(200);
  }
});
