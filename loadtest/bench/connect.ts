import { createHash } from "node:crypto";
import { jwt } from "@elysiajs/jwt";
import { AccessTokens } from "../../src/auth/access_tokens.ts";
import { Identifier } from "../../src/auth/identifier.ts";
import { Tickets } from "../../src/auth/tickets.ts";
import { AccountReads } from "../../src/store/accounts.ts";
import { openForReading, openForWriting } from "../../src/store/schema.ts";
import type { Group } from "./group.ts";
import { withFile } from "./scratch_folder.ts";
import type { Row } from "./table.ts";
import { type Timing, timeEach, timeOwn, timingColumns } from "./timing.ts";

const ACCOUNTS = 10_000;
const CHANNELS_EACH = 4;
/** As many as a measurement goes through, spread over all accounts. */
const MEASURED = 64;
const SECRET = "0123456789abcdef0123456789abcdef";
const HOUR_MS = 3_600_000;

interface Comer {
  readonly holder: {
    readonly accountId: number;
    readonly sessionId: string;
    readonly epoch: number;
  };
  readonly token: string;
}

export const connect: Group = {
  summary: "finding out who connects, by token and by ticket",
  run: (effort) =>
    withFile(async (path) => {
      fill(path);
      const db = openForReading(path);
      try {
        const reads = new AccountReads(db);
        const tokens = new AccessTokens(SECRET, 3600, Date.now);
        const tickets = new Tickets(HOUR_MS, Date.now);
        const identifier = new Identifier(reads, tokens, tickets, [], Date.now);
        const plugin = jwt({ name: "jwt", secret: SECRET }).decorator.jwt;
        const comers = await comersOf(tokens);
        const rows: Row[] = [];
        const add = (name: string, timing: Timing) => rows.push({ name, values: { ...timing } });
        const time = async (name: string, run: (comer: Comer) => unknown) =>
          add(name, await timeEach(effort, comers, run));
        let turn = 0;
        const timeAsync = async (name: string, run: (comer: Comer) => Promise<unknown>) =>
          add(
            name,
            await timeOwn(effort, async () => {
              const began = Bun.nanoseconds();
              await run(comers[turn++ % MEASURED] as Comer);
              return Bun.nanoseconds() - began;
            }),
          );

        await time("check a token", ({ token }) => tokens.verify(token));
        await timeAsync("check a token by @elysiajs/jwt", ({ token }) => plugin.verify(token));
        await timeAsync("sign a token by @elysiajs/jwt", ({ holder }) => tokens.sign(holder));
        await time("read account and session", ({ holder }) =>
          reads.standing(holder.accountId, holder.sessionId),
        );
        await time("read account, session and channels", ({ holder }) =>
          reads.arriving(holder.accountId, holder.sessionId),
        );
        await time("identify by token", ({ token }) =>
          identifier.forSocket(
            request({ authorization: `Bearer ${token}`, "sec-websocket-protocol": "hubbub.v1" }),
          ),
        );
        await time("identify by ticket, its issue included", ({ holder }) => {
          const protocols = `hubbub.v1, ticket.${tickets.issue(holder, null)}`;
          return identifier.forSocket(request({ "sec-websocket-protocol": protocols }));
        });
        await time("a request and its headers alone", ({ token }) =>
          request({ authorization: `Bearer ${token}`, "sec-websocket-protocol": "hubbub.v1" }),
        );
        const note = `${ACCOUNTS} accounts with a session each, in ${CHANNELS_EACH} channels. To identify takes a request, which is made for each call here.`;
        return [{ title: "Who connects", note, columns: timingColumns, rows }];
      } finally {
        db.close();
      }
    }),
};

function request(headers: Record<string, string>): Request {
  return new Request("http://127.0.0.1/ws", { headers });
}

function sessionOf(account: number): string {
  return createHash("sha256").update(String(account)).digest("base64url").slice(0, 22);
}

function comersOf(tokens: AccessTokens): Promise<Comer[]> {
  return Promise.all(
    Array.from({ length: MEASURED }, async (_, index) => {
      const accountId = 1 + index * Math.floor(ACCOUNTS / MEASURED);
      const holder = { accountId, sessionId: sessionOf(accountId), epoch: 0 };
      return { holder, token: await tokens.sign(holder) };
    }),
  );
}

function fill(path: string): void {
  const db = openForWriting(path, "committed");
  const channel = db.prepare(
    "INSERT INTO channel (id, name, name_key, created_ms) VALUES (?, ?, ?, 0)",
  );
  const account = db.prepare(
    "INSERT INTO account (id, name, name_key, password_hash, created_ms) VALUES (?, ?, ?, '', 0)",
  );
  const session = db.prepare(
    `INSERT INTO session (id, account_id, label, created_ms, used_ms, expires_ms)
     VALUES (?, ?, '', 0, 0, ?)`,
  );
  const subscription = db.prepare(
    "INSERT INTO subscription (account_id, channel_id) VALUES (?, ?)",
  );
  db.transaction(() => {
    for (let id = 2; id <= CHANNELS_EACH; id++) channel.run(id, `c${id}`, `c${id}`);
    for (let id = 1; id <= ACCOUNTS; id++) {
      account.run(id, `user_${id}`, `user_${id}`);
      session.run(sessionOf(id), id, Date.now() + HOUR_MS);
      for (let channel = 1; channel <= CHANNELS_EACH; channel++) subscription.run(id, channel);
    }
  })();
  db.close();
}
