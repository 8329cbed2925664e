import { expect, setDefaultTimeout, test } from "bun:test";
import { findProgram } from "../support/debian.ts";
import { startProcess } from "../support/process.ts";
import { PASSWORD, startServer } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { ask, Caddy } from "./caddy.ts";

// Fetching Caddy may take a while, the first time.
setDefaultTimeout(180_000);

const program = findProgram("caddy", "caddy");
if (program === undefined) {
  process.stderr.write("Caddy: not tested, there is none; on Debian: apt-get install caddy\n");
}
const behindCaddy = test.skipIf(program === undefined);
const start = (upstream: string) => Caddy.start(program ?? "", upstream);

/** What Caddy is known by, and nobody else. */
const PROXY = { trustedProxies: "127.0.0.1" };
const COOKIE = "__Host-hubbub_refresh";

interface Grant {
  readonly access_token: string;
}

/** What a browser does on a page of the domain. */
function browserOf(caddy: Caddy) {
  const headers = { origin: caddy.https, "sec-fetch-site": "same-origin" };
  const post = (path: string, body: unknown, more: Record<string, string> = {}, from?: string) =>
    ask(`${caddy.https}${path}`, {
      method: "POST",
      body,
      headers: { ...headers, ...more },
      ca: caddy.ca,
      ...(from === undefined ? {} : { from }),
    });
  return {
    post,
    async register(name: string): Promise<{ grant: Grant; cookie: string }> {
      const answer = await post("/auth/register", { name, password: PASSWORD, cookie: true });
      expect(answer.status).toBe(201);
      const cookie = answer.headers["set-cookie"]?.find((text) => text.startsWith(COOKIE)) ?? "";
      return { grant: JSON.parse(answer.text) as Grant, cookie };
    },
    /** A socket as a browser opens one: with a ticket, for it can set no header. */
    async connect({ access_token }: Grant): Promise<Socket> {
      const answer = await post("/auth/ticket", {}, { authorization: `Bearer ${access_token}` });
      const { ticket } = JSON.parse(answer.text) as { ticket: string };
      return Socket.open(caddy, ticket);
    },
  };
}

/** A WebSocket in JSON over TLS. */
class Socket {
  readonly frames: string[] = [];
  closed: number | undefined;
  readonly #socket: WebSocket;

  private constructor(caddy: Caddy, ticket: string) {
    // Bun's constructor takes more than lib.dom knows of.
    const options = {
      protocols: [`ticket.${ticket}`, "hubbub.v1.json"],
      headers: { Origin: caddy.https },
      tls: { ca: caddy.ca },
    } as unknown as string[];
    this.#socket = new WebSocket(`${caddy.https.replace("https", "wss")}/ws`, options);
    this.#socket.onmessage = ({ data }) => this.frames.push(String(data));
    this.#socket.onclose = ({ code }) => {
      this.closed = code;
    };
  }

  static async open(caddy: Caddy, ticket: string): Promise<Socket> {
    const socket = new Socket(caddy, ticket);
    await socket.until("welcome");
    return socket;
  }

  send(command: object): void {
    this.#socket.send(JSON.stringify(command));
  }

  /** Waits until a frame holds that text. */
  async until(text: string): Promise<void> {
    await until(
      () => this.closed !== undefined || this.frames.some((frame) => frame.includes(text)),
    );
    if (this.closed !== undefined) throw new Error(`closed with ${this.closed} before ${text}`);
  }

  close(): void {
    this.#socket.close();
  }
}

behindCaddy("HTTP is sent to HTTPS, and the figures for Prometheus stay inside", async () => {
  await using server = await startServer(PROXY);
  await using caddy = await start(server.url);
  const { status, headers } = await ask(`${caddy.http}/c/general`);
  expect(status).toBe(308);
  expect(headers.location).toMatch(/^https:\/\/localhost.*\/c\/general$/);
  expect((await ask(`${caddy.https}/readyz`, { ca: caddy.ca })).status).toBe(200);
  expect((await ask(`${caddy.https}/metrics`, { ca: caddy.ca })).status).toBe(404);
});

behindCaddy("a browser signs in, keeps its cookie, and talks over a socket", async () => {
  await using server = await startServer(PROXY);
  await using caddy = await start(server.url);
  const browser = browserOf(caddy);
  const { grant, cookie } = await browser.register("ada");
  expect(cookie).toMatch(/; Secure; HttpOnly; SameSite=Strict/);
  const [pair = ""] = cookie.split(";");
  expect((await browser.post("/auth/refresh", { cookie: true }, { cookie: pair })).status).toBe(
    200,
  );

  const ada = await browser.connect(grant);
  const bob = await browser.connect((await browser.register("bob")).grant);
  for (const socket of [ada, bob]) socket.send({ request: 1, resume: {} });
  await Promise.all([ada.until("resumed"), bob.until("resumed")]);
  ada.send({ request: 2, send: { channel: 1, nonce: "n-1", body: "hello through Caddy" } });
  await Promise.all([ada.until('"sent"'), bob.until("hello through Caddy")]);
  for (const socket of [ada, bob]) socket.close();
});

behindCaddy(
  "clients are told apart by the addresses that Caddy saw, whatever they claim",
  async () => {
    await using server = await startServer({ ...PROXY, triesPerMinute: 2 });
    await using caddy = await start(server.url);
    const browser = browserOf(caddy);
    const wrong = { name: "nobody", password: "not the password" };
    let claims = 0;
    // A new address claimed each time.
    const claimed = () => ({ "x-forwarded-for": `203.0.113.${++claims}` });
    const through = async (from: string) =>
      (await browser.post("/auth/token", wrong, claimed(), from)).status;
    const past = async (from: string) =>
      (
        await ask(`${server.url}/auth/token`, {
          method: "POST",
          body: wrong,
          headers: claimed(),
          from,
        })
      ).status;

    expect([await through("127.0.0.2"), await through("127.0.0.2")]).toEqual([401, 401]);
    expect(await through("127.0.0.2")).toBe(429);
    expect(await through("127.0.0.3")).toBe(401);
    // Who comes past Caddy is nobody's proxy.
    expect([await past("127.0.0.4"), await past("127.0.0.4")]).toEqual([401, 401]);
    expect(await past("127.0.0.4")).toBe(429);
  },
);

behindCaddy("a socket on which nobody speaks stays open", async () => {
  // Pings of the WebSocket protocol go through Caddy as well, both ways.
  await using server = await startServer({ ...PROXY, idleSeconds: 8 });
  await using caddy = await start(server.url);
  const browser = browserOf(caddy);
  const socket = await browser.connect((await browser.register("ada")).grant);
  await Bun.sleep(20_000);
  expect(socket.closed).toBeUndefined();
  socket.send({ request: 1, ping: {} });
  await socket.until("pong");
  socket.close();
});

behindCaddy(
  "a server that is stopped says so through Caddy, and requests wait for the next",
  async () => {
    const folder = makeFolder();
    try {
      const first = await startProcess(folder, PROXY);
      const { port } = new URL(first.url);
      await using caddy = await start(first.url);
      const browser = browserOf(caddy);
      const { grant } = await browser.register("ada");
      const socket = await browser.connect(grant);
      expect(await first.end("SIGTERM")).toBe(0);
      await until(() => socket.closed !== undefined);
      expect(socket.frames.some((frame) => frame.includes("goingAway"))).toBe(true);
      expect(socket.closed).toBe(1001);

      // Asked while nobody is there.
      const ready = ask(`${caddy.https}/readyz`, { ca: caddy.ca });
      const second = await startProcess(folder, { ...PROXY, port });
      expect((await ready).status).toBe(200);
      const again = await browser.connect(grant);
      again.close();
      expect(await second.end("SIGTERM")).toBe(0);
    } finally {
      removeFolder(folder);
    }
  },
);
