import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { AuthServer, type ErrorBody, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";
import { InstantWorker } from "./instant_worker.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const SECRET = "do-not-echo-this";
const KB = 1024;

/** Every route that reads a body, and the most that it reads. */
const routes = [
  ["POST", "/auth/register", 2 * KB],
  ["POST", "/auth/token", 2 * KB],
  ["POST", "/auth/refresh", 2 * KB],
  ["POST", "/auth/password", 4 * KB],
  ["POST", "/auth/token/factor", 8 * KB],
  ["POST", "/auth/passkey/token", 8 * KB],
  ["POST", "/auth/confirm", 8 * KB],
  ["POST", "/auth/factors/totp/confirm", 2 * KB],
  ["POST", "/auth/factors/passkeys", 8 * KB],
  ["PATCH", "/auth/factors/passkeys/some", 2 * KB],
] as const;

/** Every field that any of them knows. */
const FIELDS = [
  "name",
  "username",
  "password",
  "device",
  "cookie",
  "refresh_token",
  "current_password",
  "new_password",
  "challenge",
  "code",
  "passkey",
  "enrolment",
];

/** What a field should not be, with a secret in it. */
const values: readonly unknown[] = [
  SECRET,
  [SECRET],
  { [SECRET]: SECRET },
  { id: SECRET, rawId: SECRET, type: SECRET, response: { clientDataJSON: SECRET, [SECRET]: 1 } },
  SECRET.repeat(20),
  `${SECRET}\ud800`,
  `${SECRET}\0`,
  7,
  null,
];

/** A server whose hasher takes no time, and somebody who is signed in to it. */
async function signedIn() {
  const server = await AuthServer.start({
    startWorker: () => new InstantWorker(),
    triesPerMinute: 100_000,
  });
  const { access_token } = await server.register();
  return Object.assign(server, { token: access_token });
}

function ask(server: AuthServer & { token: string }, method: string, path: string, body: string) {
  const headers = {
    authorization: `Bearer ${server.token}`,
    "content-type": "application/json",
  };
  return server.call<ErrorBody>(method, path, { headers, body });
}

test("the document names no other route that reads a body", async () => {
  await using server = await signedIn();
  const { body } = await server.call<{ paths: Record<string, Record<string, object>> }>(
    "GET",
    "/openapi/json",
  );
  const reading = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, route]) => "requestBody" in route)
      .map(([method]) => `${method.toUpperCase()} ${path.replace("{id}", "some")}`),
  );
  expect(reading.sort()).toEqual(routes.map(([method, path]) => `${method} ${path}`).sort());
});

describe.each(routes)("%s %s", (method, path, mostBytes) => {
  test("reads no more than it needs", async () => {
    await using server = await signedIn();
    const padded = (bytes: number) => `{}${" ".repeat(bytes - 2)}`;
    expect((await ask(server, method, path, padded(mostBytes))).status).not.toBe(413);
    const { status, body } = await ask(server, method, path, padded(mostBytes + 1));
    expect([status, body.error.code]).toEqual([413, "BODY_TOO_LARGE"]);
  });

  test("repeats nothing of a body that it refuses, and logs nothing of it", async () => {
    await using server = await signedIn();
    for (const value of values) {
      const wrong = FIELDS.map((field) => ({ [field]: value }));
      const others = Object.fromEntries(FIELDS.map((field) => [field, SECRET]));
      const bodies = [...wrong, ...wrong.map((field) => ({ ...others, ...field }))];
      for (const body of bodies) {
        const { status, text } = await ask(server, method, path, JSON.stringify(body));
        expect(status).toBeWithin(400, 500);
        expect(text).not.toContain(SECRET);
      }
    }
    expect(server.logged.join("")).not.toContain(SECRET);
  });
});
