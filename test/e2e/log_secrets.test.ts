import { expect, test } from "bun:test";
import { folder, PATIENCE_MS, post, serveOn, startTalking } from "../support/command.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD } from "../support/server.ts";

test(
  "the log is one JSON object a line, and holds no password, token, ticket, nonce or body",
  async () => {
    using data = folder();
    const server = await startTalking(serveOn(data.db, "--log-level=debug", "--log-format=json"));
    const { url } = server;
    const secret = (what: string) => `${what}-${crypto.randomUUID()}`;
    const password = secret("password");
    const wrong = secret("wrong-password");
    const body = secret("body");
    const nonce = secret("nonce");

    type Grant = { access_token: string; refresh_token: string };
    const made = (await (await post(url, "register", { name: "ada", password })).json()) as Grant;
    expect((await post(url, "register", { name: "ada", password })).status).toBe(409);
    expect((await post(url, "token", { name: "ada", password: wrong })).status).toBe(401);
    expect((await post(url, "token", `{"name":"ada","password":"${wrong}`)).status).toBe(400);
    expect((await post(url, "token", { name: 5, password: wrong })).status).toBe(422);
    const signedIn = await post(url, "token", { name: "ada", password });
    const grant = (await signedIn.json()) as Grant;
    const { refresh_token } = grant;
    const renewed = (await (await post(url, "refresh", { refresh_token })).json()) as Grant;
    const asked = await post(url, "ticket", {}, renewed.access_token);
    const { ticket } = (await asked.json()) as { ticket: string };

    // Where no token belongs: it is not taken there, and not written down.
    for (const query of [`access_token=${renewed.access_token}`, `ticket=${ticket}`]) {
      expect((await fetch(`${url}/auth/me?${query}`)).status).toBe(401);
      const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "hubbub.v1" };
      expect((await fetch(`${url}/ws?${query}`, { headers })).status).toBe(401);
    }

    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, [
      "hubbub.v1",
      `ticket.${ticket}`,
    ]);
    await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
    const ada = await RawConnection.open(url, renewed.access_token);
    await ada.expect("resumed", { case: "resume", value: {} });
    await ada.expect("sent", send(1, body, nonce));
    expect(await ada.ask(send(999, body, secret("nonce")))).toMatchObject({ case: "error" });
    ada.sendRaw(`{"send":{"body":"${body}"}}`);
    await ada.until(() => ada.events.filter(({ event }) => event.case === "error").length === 2);
    // The one that was replaced, once its successor was used, is a theft: that is logged.
    const next = await post(url, "refresh", { refresh_token: renewed.refresh_token });
    const last = (await next.json()) as Grant;
    expect((await post(url, "refresh", { refresh_token })).status).toBe(401);
    await ada.untilClosed();
    expect(await server.end()).toBe(0);

    const lines = server.said().trimEnd().split("\n");
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({
        level: expect.any(String),
        time: expect.any(String),
        msg: expect.any(String),
      });
    }
    const messages = lines.map((line) => JSON.parse(line).msg);
    expect(messages).toContain("listening");
    expect(messages).toContain("stopped");
    expect(messages).toContain("retired refresh token used: session ended");
    const grants = [made, grant, renewed, last].flatMap(Object.values);
    const tokens = grants.filter((value) => typeof value === "string" && value !== "bearer");
    // An access token, a refresh token and a device marker each.
    expect(tokens.length).toBe(12);
    const secrets = [password, wrong, body, nonce, ticket, ...tokens];
    expect(secrets.filter((text) => server.said().includes(text))).toEqual([]);
  },
  PATIENCE_MS,
);

test(
  "a password of 1 MB is refused by its length, and nothing of it is kept in the log",
  async () => {
    using data = folder();
    const server = await startTalking(serveOn(data.db, "--log-level=debug"));
    const password = "do-not-echo-this".repeat(65_536);
    for (const path of ["token", "register"]) {
      const answer = await post(server.url, path, { name: "ada", password });
      expect(answer.status).toBe(413);
      expect(await answer.text()).not.toContain("do-not-echo");
    }
    // It goes on as if nothing had been.
    expect((await post(server.url, "register", { name: "ada", password: PASSWORD })).status).toBe(
      201,
    );
    await server.end();
    expect(server.said()).not.toContain("do-not-echo");
  },
  PATIENCE_MS,
);
