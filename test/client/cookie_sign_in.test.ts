import { afterEach, expect, test } from "bun:test";
import { HubbubClient } from "../../src/client/client.ts";
import { CookieSignIn } from "../../src/client/cookie_sign_in.ts";
import { register, SecondFactorRequired } from "../../src/client/sign_in.ts";
import { appCode } from "../auth/factors.ts";
import { PASSWORD, startServer } from "../support/server.ts";

const realFetch = globalThis.fetch;

afterEach(() => {
  globalThis.fetch = realFetch;
});

/** What a browser does with the requests of a page of `origin`, cookies and all. */
function browse(origin: string) {
  let cookie: string | undefined;
  const requests: { path: string; body: string; hadCookie: boolean }[] = [];
  const answers: string[] = [];
  const browserFetch = async (url: URL, init: RequestInit = {}) => {
    const headers = new Headers(init.headers);
    headers.set("Origin", origin);
    headers.set("Sec-Fetch-Site", "same-origin");
    if (cookie !== undefined) headers.set("Cookie", cookie);
    requests.push({
      path: url.pathname,
      body: String(init.body ?? ""),
      hadCookie: cookie !== undefined,
    });
    const response = await realFetch(url, { ...init, headers });
    const set = response.headers.get("set-cookie");
    if (set !== null) cookie = /Max-Age=0/.test(set) ? undefined : set.split(";")[0];
    answers.push(await response.clone().text());
    return response;
  };
  globalThis.fetch = browserFetch as typeof fetch;
  let tail: Promise<unknown> = Promise.resolve();
  const locks = {
    request<T>(_: string, work: () => Promise<T>): Promise<T> {
      const turn = tail.then(work);
      tail = turn.catch(() => {});
      return turn;
    },
  };
  return {
    requests,
    answers,
    locks,
    get cookie() {
      return cookie;
    },
    tab: () => new CookieSignIn(origin, undefined, locks),
  };
}

test("a page signs in, comes back without a password, and signs out, and never sees the refresh token", async () => {
  await using server = await startServer();
  const browser = browse(server.url);
  const first = browser.tab();
  const { user } = await first.register("ada", PASSWORD);
  expect(user.name).toBe("ada");

  // Another visit: nothing is left but the cookie.
  const later = browser.tab();
  const client = new HubbubClient({ url: server.url, credentials: later });
  await client.connect();
  const { id } = await client.join("general");
  await client.send(id, "hello");
  await client.close();

  await later.signOut();
  expect(browser.cookie).toBeUndefined();
  await expect(browser.tab().renew(undefined)).rejects.toMatchObject({ code: "SIGNED_OUT" });
  for (const answer of browser.answers) expect(answer).not.toContain("refresh_token");
  const bodies = browser.requests.map(({ body }) => body).join("");
  expect(bodies).not.toContain("refresh_token");
});

test("many tabs that open at once all get in, again and again", async () => {
  await using server = await startServer();
  const browser = browse(server.url);
  await browser.tab().register("ada", PASSWORD);
  for (let round = 0; round < 3; round++) {
    const tabs = Array.from({ length: 10 }, () => browser.tab());
    const users = await Promise.all(tabs.map((tab) => tab.renew(undefined)));
    expect(users.map(({ user }) => user.name)).toEqual(Array(10).fill("ada"));
  }
});

test("an access token that is good is used again, one that was refused is not", async () => {
  await using server = await startServer();
  const browser = browse(server.url);
  const tab = browser.tab();
  const { accessToken } = await tab.register("ada", PASSWORD);
  expect((await tab.renew(undefined)).accessToken).toBe(accessToken);
  expect((await tab.renew("another")).accessToken).toBe(accessToken);
  const asked = browser.requests.length;
  await tab.renew(accessToken);
  expect(browser.requests.slice(asked).map(({ path }) => path)).toEqual(["/auth/refresh"]);
});

test("a page changes the password, and its connection goes on under the new cookie", async () => {
  await using server = await startServer();
  const browser = browse(server.url);
  const tab = browser.tab();
  await tab.register("ada", PASSWORD);
  const other = browser.tab();
  const clients = [tab, other].map(
    (credentials) => new HubbubClient({ url: server.url, credentials }),
  );
  await Promise.all(clients.map((client) => client.connect()));
  const cut = clients.map(
    (client) =>
      new Promise<void>((resolve) => {
        client.on("state", (state) => state === "waiting" && resolve());
      }),
  );
  await tab.changePassword(PASSWORD, "battery staple");
  await Promise.all(cut);
  // Both come back by themselves: one with what it got, the other by the cookie that both share.
  for (const client of clients) {
    await new Promise<void>((resolve) => {
      if (client.state === "online") resolve();
      client.on("state", (state) => state === "online" && resolve());
    });
    await client.close();
  }
}, 30_000);

test("a client with tokens of its own goes on after a change of password", async () => {
  await using server = await startServer();
  const kept: string[] = [];
  const client = new HubbubClient({
    url: server.url,
    credentials: await register(server.url, "ada", PASSWORD),
    onSignIn: ({ refreshToken }) => {
      kept.push(refreshToken);
    },
  });
  await client.connect();
  const { id } = await client.join("general");
  await expect(client.changePassword("not the one", "battery staple")).rejects.toMatchObject({
    code: "INVALID_CREDENTIALS",
  });
  const cut = new Promise<void>((resolve) => {
    client.on("state", (state) => state === "waiting" && resolve());
  });
  await client.changePassword(PASSWORD, "battery staple");
  expect(kept).toHaveLength(1);
  await client.send(id, "before the old connection is closed");
  await cut;
  await client.send(id, "after it");
  await client.close();
}, 30_000);

test("a page finishes its sign-in with a one-time code", async () => {
  await using server = await startServer();
  const browser = browse(server.url);
  const { accessToken } = await browser.tab().register("ada", PASSWORD);
  const ask = async (path: string, body = {}) => {
    const init = {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
      body: JSON.stringify(body),
    };
    return (await fetch(new URL(path, server.url), init)).json();
  };
  const { secret, enrolment } = await ask("/auth/factors/totp");
  await ask("/auth/factors/totp/confirm", { enrolment, code: appCode(secret, Date.now(), -1) });

  const tab = browser.tab();
  const refusal = await tab.signIn("ada", PASSWORD).catch((error) => error);
  expect(refusal).toBeInstanceOf(SecondFactorRequired);
  const { secondFactor } = refusal as SecondFactorRequired;
  expect(secondFactor.methods).toContain("totp");
  const { user } = await tab.finishSignIn(secondFactor, appCode(secret, Date.now()));
  expect(user.name).toBe("ada");
  expect((await browser.tab().renew(undefined)).user.name).toBe("ada");
});
