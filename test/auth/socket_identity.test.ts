import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Caller } from "../../src/auth/identifier.ts";
import type { TicketAnswer } from "../../src/auth/schemas.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { AuthServer, expectStatus, SIGN_IN_TIMEOUT_MS, sessionOf } from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

type Identified = Caller | { refused: ErrorCode };

/** What the server makes of a request for a socket with these headers. */
async function knock(server: AuthServer, headers: Record<string, string>, path = "/ws") {
  return (await server.call<Identified>("GET", path, { headers })).body;
}

async function ticketFor(server: AuthServer, token: string): Promise<string> {
  const answer = await server.as<TicketAnswer>(token, "POST", "/auth/ticket");
  return expectStatus(200, answer).ticket;
}

function offering(ticket: string): Record<string, string> {
  return { "sec-websocket-protocol": `hubbub.v1, ticket.${ticket}` };
}

const INVALID = { refused: ErrorCode.INVALID_TOKEN };
const REFUSED = { refused: ErrorCode.ORIGIN_REFUSED };

describe("a socket", () => {
  test("is opened by a bearer token", async () => {
    await using server = await AuthServer.start();
    const { access_token, user } = await server.register();
    const identity: Caller = {
      accountId: user.id,
      name: "ada",
      role: "user",
      sessionId: sessionOf(access_token),
      epoch: 0,
      channels: [1],
    };
    expect(await knock(server, { authorization: `Bearer ${access_token}` })).toEqual(identity);
    expect(await knock(server, { authorization: `bearer  ${access_token}` })).toEqual(identity);
  });

  test("is opened by a ticket among the subprotocols, once", async () => {
    await using server = await AuthServer.start();
    const { access_token, user } = await server.register();
    const ticket = await ticketFor(server, access_token);
    expect(await knock(server, offering(ticket))).toMatchObject({
      accountId: user.id,
      sessionId: sessionOf(access_token),
    });
    expect(await knock(server, offering(ticket))).toEqual(INVALID);
  });

  test("is opened by one of two who race for it with the same ticket", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const ticket = await ticketFor(server, access_token);
    const both = await Promise.all([
      knock(server, offering(ticket)),
      knock(server, offering(ticket)),
    ]);
    expect(both.filter((identified) => "refused" in identified)).toEqual([INVALID]);
  });

  test("is opened by a ticket for the page that asked for it alone", async () => {
    await using server = await AuthServer.start({ origins: ["https://chat.example.org"] });
    const { access_token } = await server.register();
    const authorization = `Bearer ${access_token}`;
    const origins = [server.origin, "https://chat.example.org", undefined];
    for (const asked of origins) {
      for (const offered of origins) {
        const from = (origin: string | undefined) => (origin === undefined ? {} : { origin });
        const headers = { authorization, ...from(asked) };
        const answer = await server.call<TicketAnswer>("POST", "/auth/ticket", { headers });
        const { ticket } = expectStatus(200, answer);
        const opened = await knock(server, { ...offering(ticket), ...from(offered) });
        if (asked === offered) expect(opened).toMatchObject({ name: "ada" });
        else expect(opened).toEqual(INVALID);
        // Whether it opened anything or not, it is used up.
        expect(await knock(server, { ...offering(ticket), ...from(asked) })).toEqual(INVALID);
      }
    }
  });

  test("is not opened by a ticket and a token of two sessions", async () => {
    await using server = await AuthServer.start();
    const ada = await server.register();
    const adaElsewhere = await server.signIn();
    const bob = await server.register("bob");
    for (const [ticketOf, tokenOf] of [
      [ada, bob],
      [bob, ada],
      [ada, adaElsewhere],
    ] as const) {
      const authorization = `Bearer ${tokenOf.access_token}`;
      const ticket = await ticketFor(server, ticketOf.access_token);
      expect(await knock(server, { ...offering(ticket), authorization })).toEqual(INVALID);
    }
    const both = { authorization: `Bearer ${ada.access_token}` };
    const ticket = await ticketFor(server, ada.access_token);
    expect(await knock(server, { ...offering(ticket), ...both })).toMatchObject({ name: "ada" });
    const spent = await knock(server, { ...offering(ticket), ...both });
    expect(spent).toEqual(INVALID);
  });

  test("is not opened by a ticket whose time is over", async () => {
    await using server = await AuthServer.start({ ticketSeconds: 30 });
    const { access_token } = await server.register();
    const ticket = await ticketFor(server, access_token);
    server.nowMs += 30_000;
    expect(await knock(server, offering(ticket))).toEqual(INVALID);
  });

  test("is not opened by a token whose time is over", async () => {
    await using server = await AuthServer.start({ accessTokenMinutes: 10 });
    const { access_token } = await server.register();
    server.nowMs += 10 * 60_000 + 1000;
    expect(await knock(server, { authorization: `Bearer ${access_token}` })).toEqual(INVALID);
  });

  test("is not opened by a token or a ticket of a session that has ended", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const ticket = await ticketFor(server, access_token);
    await server.as(access_token, "POST", "/auth/logout");
    expect(await knock(server, { authorization: `Bearer ${access_token}` })).toEqual(INVALID);
    expect(await knock(server, offering(ticket))).toEqual(INVALID);
  });

  test("is not opened by a refresh token", async () => {
    await using server = await AuthServer.start();
    const { refresh_token } = await server.register();
    expect(await knock(server, { authorization: `Bearer ${refresh_token}` })).toEqual(INVALID);
    expect(await knock(server, offering(refresh_token))).toEqual(INVALID);
  });

  test("is not opened by anything in the URL, which is logged nowhere", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const ticket = await ticketFor(server, access_token);
    for (const query of [
      `access_token=${access_token}`,
      `token=${access_token}`,
      `ticket=${ticket}`,
    ]) {
      expect(await knock(server, {}, `/ws?${query}`)).toEqual(INVALID);
      expect((await server.call("GET", `/auth/me?${query}`)).status).toBe(401);
    }
    expect(server.logged.join("")).not.toContain(access_token);
  });

  test.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["a name and password", { authorization: "Basic YWRhOmNvcnJlY3QgaG9yc2U=" }],
    ["an empty token", { authorization: "Bearer " }],
    ["an empty ticket", { "sec-websocket-protocol": "hubbub.v1, ticket." }],
    ["a ticket made up", offering("x".repeat(43))],
  ])("is not opened by %s", async (_, headers) => {
    await using server = await AuthServer.start();
    expect(await knock(server, headers)).toEqual(INVALID);
  });

  test("knows the account's role as it is now, not as it was signed", async () => {
    await using server = await AuthServer.start();
    const { access_token, user } = await server.register();
    await server.store.run("setRole", user.id, "monitor");
    const identity = await knock(server, { authorization: `Bearer ${access_token}` });
    expect(identity).toMatchObject({ role: "monitor" });
  });
});

describe("a page", () => {
  const LISTED = "https://chat.example.org";

  test("of this host opens a socket, by whatever scheme it was served", async () => {
    await using server = await AuthServer.start();
    const { access_token } = await server.register();
    const authorization = `Bearer ${access_token}`;
    for (const origin of [server.origin, server.origin.replace("http:", "https:")]) {
      expect(await knock(server, { authorization, origin })).toMatchObject({ name: "ada" });
    }
  });

  test.each([
    "https://evil.example",
    "null",
    "http://localhost",
    "chrome-extension://abcdef",
    `${LISTED}.evil.example`,
    "http://chat.example.org",
  ])("of %s does not, and keeps its ticket", async (origin) => {
    await using server = await AuthServer.start({ origins: [LISTED] });
    const { access_token } = await server.register();
    const ticket = await ticketFor(server, access_token);
    expect(await knock(server, { ...offering(ticket), origin })).toEqual(REFUSED);
    expect(await knock(server, offering(ticket))).toMatchObject({ name: "ada" });

    const me = { authorization: `Bearer ${access_token}`, origin };
    const route = await server.call("GET", "/auth/me", { headers: me });
    expect(route.status).toBe(403);
    expect(route.headers.has("access-control-allow-origin")).toBe(false);
  });

  test("of an origin that is listed signs in and opens a socket", async () => {
    await using server = await AuthServer.start({ origins: [LISTED] });
    const preflight = await server.call("OPTIONS", "/auth/token", {
      headers: { origin: LISTED, "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(LISTED);
    expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");

    const { access_token } = await server.register();
    const headers = { authorization: `Bearer ${access_token}`, origin: LISTED };
    const me = await server.call("GET", "/auth/me", { headers });
    expect(me.status).toBe(200);
    expect(me.headers.get("access-control-allow-origin")).toBe(LISTED);
    expect(await knock(server, headers)).toMatchObject({ name: "ada" });
  });
});
