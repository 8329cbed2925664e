import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { checkDatabase } from "../../src/store/backups/check.ts";
import { command, enter, GENERAL, isInFile, join, readAll } from "../support/administration.ts";
import { PATIENCE_MS, post, refusalOf } from "../support/command.ts";
import { hubbub } from "../support/process.ts";
import { send } from "../support/raw_connection.ts";
import { PASSWORD, startServer } from "../support/server.ts";
import { until } from "../support/wait.ts";

describe("hubbub erase", () => {
  test(
    "leaves nothing in the file of texts that were moved in it as it grew",
    async () => {
      await using server = await startServer({ messagesPerSecond: 1000, messageBurst: 1000 });
      const eve = await enter(server, "evelyn");
      // The page of the first ones becomes the root of a tree, and they are moved into its leaves.
      for (let count = 0; count < 60; count++) {
        await eve.expect("sent", send(GENERAL, `evelyn writes ${"a lot ".repeat(50)}`));
      }
      await command(server, "erase", "evelyn", "--yes");
      expect(isInFile(server.dataFile, "evelyn")).toBe(false);
    },
    PATIENCE_MS,
  );

  test(
    "leaves nothing of a user but emptied messages, at once, with the numbers whole",
    async () => {
      await using server = await startServer();
      const ada = await enter(server, "ada");
      const eve = await enter(server, "evelyn");
      await eve.expect("joined", join("evening"));
      for (let count = 0; count < 5; count++) {
        await eve.expect("sent", send(GENERAL, `evelyn writes ${count}`));
        await ada.expect("sent", send(GENERAL, `ada writes ${count}`));
      }
      const args = ["erase", "evelyn", "--data", server.dataFile];
      expect(await refusalOf(args)).toContain("--yes");
      const said = command(server, "erase", "EVELYN", "--yes");
      expect((await eve.untilClosed()).code).toBe(4500);
      expect(await said).toContain("EVELYN is erased");
      await ada.event("messageDeleted");
      const { messages } = await ada.expect("historyPage", readAll(GENERAL));
      expect(messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      for (const { seq, author, authorId, body, deleted } of messages) {
        const expected =
          seq % 2 === 0
            ? ["ada", ada.welcome.userId, `ada writes ${seq / 2 - 1}`, false]
            : ["erased user", 0, "", true];
        expect([author, authorId, body, deleted] as unknown[]).toEqual(expected);
      }
      expect(isInFile(server.dataFile, "evelyn")).toBe(false);
      const members = await ada.expect("memberList", {
        case: "listMembers",
        value: { channel: GENERAL },
      });
      expect(members).toMatchObject({ onlineCount: 1, memberCount: 1 });
      expect(await command(server, "user", "list")).not.toContain("evelyn");
      expect(await refusalOf([...args, "--yes"])).toBe(
        "There is no account evelyn: there is nothing to erase.",
      );
      // The name is free, and its new owner is somebody else.
      const next = await enter(server, "evelyn");
      expect(next.welcome.userId).toBeGreaterThan(eve.welcome.userId);
      const signIn = await post(server.url, "token", { name: "evelyn", password: PASSWORD });
      expect(signIn.status).toBe(200);
      await server.stop();
      expect(checkDatabase(server.dataFile, "whole")).toMatchObject({ accounts: 2, messages: 10 });
    },
    PATIENCE_MS,
  );

  test(
    "keeps the texts where that is asked for, and goes on where it was killed",
    async () => {
      await using server = await startServer({ messagesPerSecond: 10_000, messageBurst: 10_000 });
      const eve = await enter(server, "evelyn");
      for (let count = 0; count < 1500; count++) eve.post(send(GENERAL, `text ${count}`));
      await eve.expect("pong", { case: "ping", value: {} });
      await server.stop();
      // Somewhere in the middle of its messages.
      const args = ["erase", "evelyn", "--yes", "--keep-messages", "--data", server.dataFile];
      const child = Bun.spawn(hubbub(...args), { stdout: "ignore", stderr: "ignore" });
      const rest = () => {
        using db = new Database(server.dataFile, { readonly: true });
        const sql = "SELECT count(*) AS n FROM message WHERE author_id != 0";
        return (db.query(sql).get() as { n: number }).n;
      };
      await until(() => rest() < 1500);
      child.kill("SIGKILL");
      await child.exited;
      expect(rest()).toBeGreaterThan(0);
      expect(await command(server, "user", "list")).toMatch(/^evelyn .* half erased$/m);
      expect(await refusalOf(["user", "enable", "evelyn", "--data", server.dataFile])).toContain(
        "is half erased",
      );
      await command(server, ...args.slice(0, 4));
      expect(rest()).toBe(0);
      expect(checkDatabase(server.dataFile, "whole")).toMatchObject({
        accounts: 0,
        messages: 1500,
      });
      const out = await command(server, "export", "--channel", "general");
      const lines = out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      const messages = lines.filter(({ type }) => type === "message");
      expect(messages.map(({ body }) => body)).toEqual(
        Array.from({ length: 1500 }, (_, count) => `text ${count}`),
      );
      expect(new Set(messages.map(({ author }) => author))).toEqual(new Set(["erased user"]));
    },
    PATIENCE_MS,
  );
});
