import { expect, test } from "bun:test";
import { join } from "node:path";
import { appCode } from "../auth/factors.ts";
import { PATIENCE_MS, post, run } from "../support/command.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, register, startServer, type TestServer } from "../support/server.ts";

const GENERAL = 1;
const SIGNED_OUT = 4500;
const NEW_PASSWORD = "battery staple";

function user(server: TestServer, ...args: string[]) {
  const command = ["user", ...args, "--data", join(server.folder, "hubbub.db")];
  return run(command, { HUBBUB_PASSWORD: NEW_PASSWORD });
}

/** What an answer holds, and the code of a refusal. */
async function read<Body>(answer: Promise<Response>): Promise<Body & { code: string }> {
  const body = (await (await answer).json()) as Body & { error?: { code: string } };
  return { ...body, code: body.error?.code ?? "" };
}

/** Turns one-time codes on; returns the recovery codes. */
async function addTotp({ url }: TestServer, accessToken: string): Promise<readonly string[]> {
  type Enrolment = { enrolment: string; secret: string };
  const begun = await read<Enrolment>(post(url, "factors/totp", {}, accessToken));
  const { enrolment, secret } = begun;
  const code = appCode(secret, Date.now());
  const added = await read<{ recovery_codes: string[] }>(
    post(url, "factors/totp/confirm", { enrolment, code }, accessToken),
  );
  return added.recovery_codes;
}

async function signIn({ url }: TestServer, password = PASSWORD): Promise<string> {
  const grant = await read<{ access_token: string }>(post(url, "token", { name: "ada", password }));
  return grant.access_token;
}

/** Gives the right password, and gets the challenge that comes after it. */
async function challengeFrom({ url }: TestServer, password = PASSWORD): Promise<string> {
  const { second_factor: factor } = await read<{ second_factor: { challenge: string } }>(
    post(url, "token", { name: "ada", password }),
  );
  return factor.challenge;
}

async function ticketOf({ url }: TestServer, accessToken: string): Promise<string> {
  return (await read<{ ticket: string }>(post(url, "ticket", {}, accessToken))).ticket;
}

/** The code that a socket is refused with that comes with this ticket. */
async function refusalOfTicket({ url }: TestServer, ticket: string): Promise<string> {
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": `hubbub.v1, ticket.${ticket}` };
  return (await read(fetch(`${url}/ws`, { headers }))).code;
}

test(
  "the first factor closes the sockets that were opened with the password alone, but its own session's",
  async () => {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    const elsewhere = await signIn(server);
    const mine = await RawConnection.open(server.url, accessToken);
    const theirs = await RawConnection.open(server.url, elsewhere);
    const ticket = await ticketOf(server, elsewhere);
    await addTotp(server, accessToken);
    expect((await theirs.untilClosed()).code).toBe(SIGNED_OUT);
    expect(await refusalOfTicket(server, ticket)).toBe("INVALID_TOKEN");
    await mine.expect("sent", send(GENERAL, "still here"));
  },
  PATIENCE_MS,
);

test(
  "a challenge is not answered any more once the password was set beside the running server",
  async () => {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    const [code, next] = await addTotp(server, accessToken);
    const challenge = await challengeFrom(server);
    const ticket = await ticketOf(server, accessToken);
    await user(server, "password", "ada");
    const finish = (answer: object) => read(post(server.url, "token/factor", answer));
    expect((await finish({ challenge, code })).code).toBe("INVALID_CREDENTIALS");
    expect(await refusalOfTicket(server, ticket)).toBe("INVALID_TOKEN");
    // Neither the factor nor the code went with it.
    const renewed = await challengeFrom(server, NEW_PASSWORD);
    expect((await finish({ challenge: renewed, code })).code).toBe("");
    expect((await finish({ challenge: renewed, code: next })).code).toBe("INVALID_CHALLENGE");
  },
  PATIENCE_MS,
);

test(
  "a challenge or a ticket of before opens nothing once the account was disabled beside the running server",
  async () => {
    await using server = await startServer();
    const { accessToken } = await register(server.url, "ada");
    const [code] = await addTotp(server, accessToken);
    const challenge = await challengeFrom(server);
    const tickets = [await ticketOf(server, accessToken), await ticketOf(server, accessToken)];
    const finish = () => read(post(server.url, "token/factor", { challenge, code }));
    await user(server, "disable", "ada");
    expect((await finish()).code).toBe("ACCOUNT_DISABLED");
    expect(await refusalOfTicket(server, tickets[0] ?? "")).toBe("ACCOUNT_DISABLED");
    await user(server, "enable", "ada");
    expect(await refusalOfTicket(server, tickets[1] ?? "")).toBe("INVALID_TOKEN");
    expect((await finish()).code).toBe("INVALID_CREDENTIALS");
  },
  PATIENCE_MS,
);
