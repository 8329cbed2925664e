import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { PATIENCE_MS, post, run } from "../support/command.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import {
  PASSWORD,
  register,
  type SignIn,
  startServer,
  type TestServer,
} from "../support/server.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
const SIGNED_OUT = 4500;
const NEW_PASSWORD = "battery staple";

async function signIn(url: string, name: string, password = PASSWORD): Promise<SignIn> {
  const body = (await (await post(url, "token", { name, password })).json()) as Grant;
  return { name, accessToken: body.access_token, refreshToken: body.refresh_token };
}

interface Grant {
  readonly access_token: string;
  readonly refresh_token: string;
}

function user(server: TestServer, ...args: string[]) {
  const command = ["user", ...args, "--data", join(server.folder, "hubbub.db")];
  return run(command, { HUBBUB_PASSWORD: NEW_PASSWORD });
}

/** The codes of what a sign-in still gets: by its access token, its refresh token, on the socket. */
async function whatIsLeftOf(url: string, { accessToken, refreshToken }: SignIn) {
  const headers = { Authorization: `Bearer ${accessToken}` };
  const answers = [
    await fetch(`${url}/auth/me`, { headers }),
    await fetch(`${url}/auth/ticket`, { method: "POST", headers }),
    await fetch(`${url}/ws`, {
      headers: { ...headers, Upgrade: "websocket", "Sec-WebSocket-Protocol": "hubbub.v1" },
    }),
    await post(url, "refresh", { refresh_token: refreshToken }),
  ];
  return Promise.all(
    answers.map(async (answer) => {
      const { error } = (await answer.json()) as { error?: { code: string } };
      return error?.code ?? answer.status;
    }),
  );
}

const NOTHING = ["INVALID_TOKEN", "INVALID_TOKEN", "INVALID_TOKEN", "INVALID_TOKEN"];
const DISABLED = ["ACCOUNT_DISABLED", "ACCOUNT_DISABLED", "ACCOUNT_DISABLED", "ACCOUNT_DISABLED"];

describe("open sockets", () => {
  test("close when their sign-in signs out, and others' stay", async () => {
    await using server = await startServer();
    const ada = await register(server.url, "ada");
    const elsewhere = await signIn(server.url, "ada");
    const [first, second, other] = await Promise.all(
      [ada, ada, elsewhere].map(({ accessToken }) => RawConnection.open(server.url, accessToken)),
    );
    expect((await post(server.url, "logout", {}, ada.accessToken)).status).toBe(204);
    expect((await first?.untilClosed())?.code).toBe(SIGNED_OUT);
    expect((await second?.untilClosed())?.code).toBe(SIGNED_OUT);
    expect(await whatIsLeftOf(server.url, ada)).toEqual(NOTHING);
    await other?.expect("sent", send(GENERAL, "still here"));
  });

  test(
    "close when the password changes: others' at once, one's own when its new tokens are known",
    async () => {
      await using server = await startServer();
      const here = await register(server.url, "ada");
      const there = await signIn(server.url, "ada");
      const mine = await RawConnection.open(server.url, here.accessToken);
      const theirs = await RawConnection.open(server.url, there.accessToken);
      const change = { current_password: PASSWORD, new_password: NEW_PASSWORD };
      const answer = await post(server.url, "password", change, here.accessToken);
      expect(theirs.closed ?? (await theirs.untilClosed())).toMatchObject({ code: SIGNED_OUT });
      const grant = (await answer.json()) as Grant;
      expect(mine.closed).toBeUndefined();
      expect(await whatIsLeftOf(server.url, here)).toEqual(NOTHING);
      expect(await whatIsLeftOf(server.url, there)).toEqual(NOTHING);
      // Whoever opened it may have done so with a stolen token.
      expect((await mine.untilClosed()).code).toBe(SIGNED_OUT);
      const again = await RawConnection.open(server.url, grant.access_token);
      await again.expect("sent", send(GENERAL, "back"));
    },
    PATIENCE_MS,
  );

  test(
    "close when the account is disabled beside the running server, and it comes back by a new sign-in",
    async () => {
      await using server = await startServer();
      const ada = await register(server.url, "ada");
      const bob = await register(server.url, "bob");
      const open = await RawConnection.open(server.url, ada.accessToken);
      const other = await RawConnection.open(server.url, bob.accessToken);
      await open.expect("sent", send(GENERAL, "one"));

      const disabled = await user(server, "disable", "ADA");
      expect(disabled).toEqual({
        code: 0,
        err: "",
        out: "ADA is disabled; 1 sign-in has ended.\n",
      });
      expect((await open.untilClosed()).code).toBe(SIGNED_OUT);
      expect(await whatIsLeftOf(server.url, ada)).toEqual(DISABLED);
      expect((await user(server, "list")).out).toMatch(/^ada .* disabled$/m);
      await other.expect("sent", send(GENERAL, "two"));

      expect((await user(server, "enable", "ada")).out).toBe("ada may sign in again.\n");
      expect(await whatIsLeftOf(server.url, ada)).toEqual(NOTHING);
      // Resuming after that: nothing was lost meanwhile.
      const { accessToken } = await signIn(server.url, "ada");
      const back = await RawConnection.open(server.url, accessToken);
      const cursors = [{ channel: GENERAL, after: 1 }];
      await back.expect("resumed", { case: "resume", value: { cursors } });
      await back.until(() => back.messages().length === 1);
      expect(back.messages().map(({ body }) => body)).toEqual(["two"]);
      await other.expect("sent", send(GENERAL, "three"));
      await back.until(() => back.messages().length === 2);
    },
    PATIENCE_MS,
  );

  test(
    "close when the password is set beside the running server",
    async () => {
      await using server = await startServer();
      const ada = await register(server.url, "ada");
      const open = await RawConnection.open(server.url, ada.accessToken);
      const set = await user(server, "password", "ada");
      expect(set.out).toBe("ada has a new password; 1 sign-in has ended.\n");
      expect((await open.untilClosed()).code).toBe(SIGNED_OUT);
      expect(await whatIsLeftOf(server.url, ada)).toEqual(NOTHING);
      expect((await post(server.url, "token", { name: "ada", password: PASSWORD })).status).toBe(
        401,
      );
      await RawConnection.open(
        server.url,
        (await signIn(server.url, "ada", NEW_PASSWORD)).accessToken,
      );
    },
    PATIENCE_MS,
  );

  test(
    "take on a role that was given or taken away beside the running server",
    async () => {
      await using server = await startServer();
      const ada = await register(server.url, "ada");
      const open = await RawConnection.open(server.url, ada.accessToken);
      const showsFigures = async () =>
        (await open.expect("pong", { case: "ping", value: {} })).figures !== undefined;
      expect(await showsFigures()).toBe(false);
      await user(server, "role", "ada", "monitor");
      await until(showsFigures);
      await user(server, "role", "ada", "user");
      await until(async () => !(await showsFigures()));
      expect(open.closed).toBeUndefined();
    },
    PATIENCE_MS,
  );
});

test(
  "the commands say in one sentence what cannot be done",
  async () => {
    await using server = await startServer();
    await register(server.url, "ada");
    for (const command of ["disable", "enable", "password"]) {
      const { code, err, out } = await user(server, command, "eve");
      expect({ code, err, out }).toEqual({
        code: 1,
        err: "hubbub: There is no account eve.\n",
        out: "",
      });
    }
    expect((await user(server, "enable", "ada")).out).toBe("ada was not disabled.\n");
    await user(server, "disable", "ada");
    expect((await user(server, "disable", "ada")).out).toBe("ada was disabled already.\n");
  },
  PATIENCE_MS,
);
