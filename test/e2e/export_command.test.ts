import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { command, enter, GENERAL, join } from "../support/administration.ts";
import { PATIENCE_MS, refusalOf } from "../support/command.ts";
import { send } from "../support/raw_connection.ts";
import { startServer } from "../support/server.ts";
import { until } from "../support/wait.ts";

describe("hubbub export", () => {
  test(
    "writes a channel, and everything of one user, as JSON lines",
    async () => {
      await using server = await startServer();
      const ada = await enter(server, "ada");
      const bob = await enter(server, "bob");
      const { channel } = await ada.expect("joined", join("plans"));
      await ada.expect("sent", send(GENERAL, "to all"));
      await ada.expect("sent", send(channel?.id as number, "line one\nline two"));
      await bob.expect("sent", send(GENERAL, "from bob"));
      await ada.close();
      // Joins are written behind: at the latest when the last connection of a user is gone.
      const rows = new Database(server.dataFile, { readonly: true });
      await until(
        () => rows.query("SELECT 1 FROM subscription WHERE channel_id > 1").get() !== null,
      );
      rows.close();
      const linesOf = (text: string) =>
        text
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>);
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      const message = { type: "message", author: "ada", author_id: ada.welcome.userId, time };

      const general = linesOf(await command(server, "export", "--channel", "general"));
      expect(general).toEqual([
        { type: "channel", id: GENERAL, name: "general", created: time, archived: null },
        { type: "member", user_id: ada.welcome.userId, user: "ada" },
        { type: "member", user_id: bob.welcome.userId, user: "bob" },
        { ...message, channel_id: 1, channel: "general", seq: 1, body: "to all", deleted: false },
        expect.objectContaining({ seq: 2, author: "bob", body: "from bob" }),
        { type: "end", lines: 5 },
      ]);

      const file = `${server.folder}/ada.jsonl`;
      await command(server, "export", "--user", "ADA", file);
      const own = linesOf(readFileSync(file, "utf8"));
      expect(own.map(({ type }) => type)).toEqual([
        ...["account", "session", "membership", "membership", "message", "message", "end"],
      ]);
      expect(own[0]).toMatchObject({ name: "ada", role: "user", disabled: null });
      expect(own[5]).toMatchObject({ channel: "plans", seq: 1, body: "line one\nline two" });
      expect(readFileSync(file, "utf8")).not.toContain("argon2");
      const data = ["--data", server.dataFile];
      expect(await refusalOf(["export", "--user", "ada", file, ...data])).toContain(
        "not overwritten",
      );
      expect(await refusalOf(["export", ...data])).toContain("--channel NAME or --user NAME");
      expect(await refusalOf(["export", "--user", "eve", ...data])).toBe(
        "There is no account eve.",
      );
    },
    PATIENCE_MS,
  );
});
