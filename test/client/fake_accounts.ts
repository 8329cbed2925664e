/** The sign-in routes of a fake server: any name, one password, tokens that count up. */
export class FakeAccounts {
  static readonly PASSWORD = "the right password";
  readonly #server: { readonly calls: string[] };
  #made = 0;
  /** Tokens that are taken now. */
  readonly access = new Set<string>();
  readonly refresh = new Set<string>();
  readonly tickets = new Set<string>();
  /** The devices that signed in by password said they were. */
  readonly devices: string[] = [];
  expiresInSeconds = 600;
  /** The one-time code that is asked for after the password; undefined where that is enough. */
  code: string | undefined;

  constructor(server: { readonly calls: string[] }) {
    this.#server = server;
  }

  /** Whoever is signed in is not any more. */
  signOutEverybody(): void {
    this.access.clear();
    this.refresh.clear();
  }

  async answer(request: Request, path: string): Promise<Response> {
    this.#server.calls.push(path);
    const text = await request.text();
    const body: unknown = text === "" ? {} : JSON.parse(text);
    const field = (name: string) => String((body as Record<string, unknown>)[name] ?? "");
    const bearer = request.headers.get("Authorization")?.replace(/^Bearer /, "") ?? "";
    switch (path) {
      case "/auth/register":
        return field("name") === "taken"
          ? refuse(409, "NAME_TAKEN", "That name is taken.")
          : Response.json(this.signIn(field("name")), { status: 201 });
      case "/auth/token":
        this.devices.push(field("device"));
        if (field("password") !== FakeAccounts.PASSWORD) {
          return refuse(401, "INVALID_CREDENTIALS", "Name or password is wrong.");
        }
        return this.code === undefined ? Response.json(this.signIn(field("name"))) : askForFactor();
      case "/auth/token/factor":
        return field("challenge") === CHALLENGE && field("code") === this.code
          ? Response.json(this.signIn("ada"))
          : refuse(401, "INVALID_CODE", "The code is wrong.");
      case "/auth/refresh":
        return this.refresh.delete(field("refresh_token"))
          ? Response.json(this.signIn("ada"))
          : refuse(401, "INVALID_TOKEN", "The token is used up.");
      case "/auth/ticket": {
        if (!this.access.has(bearer)) return refuse(401, "INVALID_TOKEN", "No such token.");
        const ticket = `ticket-${++this.#made}`;
        this.tickets.add(ticket);
        return Response.json({ ticket, expires_in: 30 });
      }
      case "/auth/logout":
        this.access.delete(bearer);
        return new Response(undefined, { status: 204 });
      default:
        return refuse(404, "NOT_FOUND", "There is nothing here.");
    }
  }

  /** Whether an upgrade may happen; a ticket is used up by it. */
  admits(request: Request): boolean {
    const bearer = request.headers.get("Authorization")?.replace(/^Bearer /, "");
    const offered = request.headers.get("Sec-WebSocket-Protocol") ?? "";
    const ticket = /ticket\.([\w-]+)/.exec(offered)?.[1];
    if (bearer !== undefined) return this.access.has(bearer);
    return ticket !== undefined && this.tickets.delete(ticket);
  }

  signIn(name: string) {
    const number = ++this.#made;
    this.access.add(`access-${number}`);
    this.refresh.add(`refresh-${number}`);
    return {
      access_token: `access-${number}`,
      token_type: "bearer",
      expires_in: this.expiresInSeconds,
      refresh_token: `refresh-${number}`,
      device: `device-${number}`,
      user: { id: 7, name, role: "user" },
    };
  }
}

const CHALLENGE = "the-challenge";

function askForFactor(): Response {
  const error = { code: "SECOND_FACTOR_REQUIRED", text: "Now a second factor is needed." };
  const second_factor = { challenge: CHALLENGE, expires_in: 300, methods: ["totp"] };
  return Response.json({ error, second_factor }, { status: 401 });
}

function refuse(status: number, code: string, text: string): Response {
  return Response.json({ error: { code, text } }, { status });
}
