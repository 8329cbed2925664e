import pino from "pino";
import { type Auth, type AuthParts, startAuth } from "../../src/auth/auth.ts";
import { readableAcross } from "../../src/auth/cross_origin.ts";
import type { SignInAnswer } from "../../src/auth/schemas.ts";
import { readConfig } from "../../src/config.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { Profiler } from "../../src/monitor/profiler.ts";
import { ThreadSampling } from "../../src/monitor/thread_sampling.ts";
import { InProcessStore } from "../support/in_process_store.ts";

/** Passwords are hashed at idle priority: where the machine is busy otherwise, it takes its time. */
export const SIGN_IN_TIMEOUT_MS = 120_000;

export const PASSWORD = "correct horse";

/** The address that every request comes from. */
export const PEER = "192.0.2.1";

type Overrides = Partial<AuthParts["config"]> & {
  /** A file to begin with; closed with the server. */
  readonly store?: InProcessStore;
  /** Leaves the file open, for another server that goes on with it. */
  readonly keepsStore?: boolean;
  /** What runs the jobs instead of the store. */
  readonly run?: AuthParts["run"];
  /** What hashes instead of child processes. */
  readonly startWorker?: AuthParts["startWorker"];
};

/** An answer as a test looks at it. `body` is undefined where the answer has none. */
export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  /** The body as it was sent. */
  readonly text: string;
}

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly text: string;
    readonly retry_after_ms?: number;
  };
}

/**
 * The sign-in routes as they are served, over a real file and a real socket. `/ws` answers with
 * what `identify` says instead of upgrading. The clock is the test's.
 */
export class AuthServer implements AsyncDisposable {
  readonly counters = new Counters();
  /** What was logged, as JSON lines. */
  readonly logged: string[] = [];
  readonly endedSessions: string[] = [];
  accountsCreated = 0;
  /** What registrations are told to wait. */
  registrationWaitMs = 0;
  /** What passkey sign-ins are told to wait. */
  passkeyWaitMs = 0;
  /** Sessions that have an open socket. */
  readonly openSessions: string[] = [];
  /** Milliseconds since the Unix epoch. */
  nowMs = Date.now();
  /** Milliseconds of the clock of those who try passwords. */
  clockMs = 0;
  readonly #stack = new AsyncDisposableStack();
  readonly store: InProcessStore;
  #auth: Auth | undefined;
  #origin = "";

  private constructor(store: InProcessStore, keepsStore: boolean) {
    this.store = this.#stack.adopt(store, () => {
      if (!keepsStore) store.close();
    });
  }

  static async start(overrides: Overrides = {}): Promise<AuthServer> {
    const {
      store = new InProcessStore(),
      run = store.run,
      keepsStore = false,
      startWorker,
      ...config
    } = overrides;
    const server = new AuthServer(store, keepsStore);
    const settings = { ...readConfig({}, {}), ...config };
    const auth = await startAuth({
      config: settings,
      dataFolder: store.folder,
      reads: store.reads,
      factorReads: store.factorReads,
      run,
      counters: server.counters,
      log: pino({ level: "debug" }, { write: (line) => server.logged.push(line) }),
      endSession: (sessionId) => server.endedSessions.push(sessionId),
      admitRegistration: () => server.registrationWaitMs,
      admitPasskey: () => server.passkeyWaitMs,
      openSessions: () => server.openSessions,
      profiler: new Profiler({ main: new ThreadSampling(), threads: [], version: "test" }),
      accountCreated: () => {
        server.accountsCreated += 1;
      },
      now: () => server.nowMs,
      clockMs: () => server.clockMs,
      ...(startWorker === undefined ? {} : { startWorker }),
      // However busy the machine is: nobody's deadline passes.
      alarm: () => () => {},
    });
    server.#stack.adopt(auth, () => auth.stop());
    const http = Bun.serve({
      port: 0,
      fetch: readableAcross(settings.origins, async (request) =>
        new URL(request.url).pathname === "/ws"
          ? Response.json(await auth.identify(request))
          : auth.fetch(request, PEER),
      ),
    });
    server.#stack.adopt(http, () => http.stop(true));
    server.#auth = auth;
    server.#origin = http.url.origin;
    return server;
  }

  get auth(): Auth {
    if (this.#auth === undefined) throw new Error("the server has not been started");
    return this.#auth;
  }

  /** `http://localhost:<port>`. */
  get origin(): string {
    return this.#origin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async call<Body>(method: string, path: string, init: RequestInit = {}): Promise<Answer<Body>> {
    const response = await fetch(this.#origin + path, { ...init, method });
    const text = await response.text();
    const { status, headers } = response;
    return { status, headers, text, body: text === "" ? undefined : JSON.parse(text) };
  }

  post<Body = ErrorBody>(path: string, body: unknown, headers = {}): Promise<Answer<Body>> {
    return this.call("POST", path, {
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** A call with an access token. */
  as<Body = ErrorBody>(token: string, method: string, path: string, body?: unknown) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    return this.call<Body>(method, path, {
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Tries to sign in from an address, which a proxy tells: it must be trusted. */
  try(name: string, password: string, address: string, device?: string) {
    const headers = { "x-forwarded-for": address };
    return this.post("/auth/token", { name, password, ...(device && { device }) }, headers);
  }

  async register(name = "ada", password = PASSWORD): Promise<SignInAnswer> {
    return expectStatus(201, await this.post<SignInAnswer>("/auth/register", { name, password }));
  }

  async signIn(name = "ada", password = PASSWORD): Promise<SignInAnswer> {
    return expectStatus(200, await this.post<SignInAnswer>("/auth/token", { name, password }));
  }
}

/** The body of an answer that must have that status. */
export function expectStatus<Body>(status: number, answer: Answer<Body>): Body {
  if (answer.status !== status) {
    throw new Error(`expected ${status}, got ${answer.status}: ${answer.text}`);
  }
  return answer.body;
}

/** The session id that stands in an access token. */
export function sessionOf(accessToken: string): string {
  const payload = accessToken.split(".")[1] ?? "";
  return JSON.parse(Buffer.from(payload, "base64url").toString()).sid;
}
