import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { HubbubClient } from "../../src/client/client.ts";
import { register as signUp } from "../../src/client/sign_in.ts";
import { checkDatabase } from "../../src/store/backups/check.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { command, enter, GENERAL, isInFile, join, readAll } from "../support/administration.ts";
import { folder, PATIENCE_MS, refusalOf } from "../support/command.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, startServer } from "../support/server.ts";
import { until } from "../support/wait.ts";

describe("hubbub channel", () => {
  test(
    "renames a channel for those who are in it, and for those who join",
    async () => {
      await using server = await startServer();
      const ada = await enter(server, "ada");
      const { channel } = await ada.expect("joined", join("plans"));
      const id = channel?.id as number;
      expect(await command(server, "channel", "rename", "PLANS", "ideas")).toBe(
        "PLANS is ideas now.\n",
      );
      expect((await ada.event("channelChanged")).channel).toMatchObject({ id, name: "ideas" });
      const again = await ada.expect("joined", join("Ideas"));
      expect(again.channel?.id).toBe(id);
      // The old name is free.
      const other = await ada.expect("joined", join("plans"));
      expect(other.channel?.id).not.toBe(id);
      const data = ["--data", server.dataFile];
      expect(await refusalOf(["channel", "rename", "ideas", "plans", ...data])).toBe(
        "There is a channel plans already.",
      );
      expect(await refusalOf(["channel", "rename", "ideas", "a b", ...data])).toStartWith(
        "The name must have 1 to 64 characters",
      );
      expect(await refusalOf(["channel", "rename", "nowhere", "there", ...data])).toBe(
        "There is no channel nowhere.",
      );
    },
    PATIENCE_MS,
  );

  test(
    "archives a channel: it can be read, and is open again when it is said so",
    async () => {
      await using server = await startServer();
      const ada = await enter(server, "ada");
      await ada.expect("sent", send(GENERAL, "kept"));
      await command(server, "channel", "archive", "general");
      expect((await ada.event("channelChanged")).channel?.archived).toBe(true);
      const page = await ada.expect("historyPage", readAll(GENERAL));
      expect(page.messages.map(({ body }) => body)).toEqual(["kept"]);
      const refused = await ada.ask(send(GENERAL, "too late"));
      expect(refused.value).toMatchObject({ code: ErrorCode.CHANNEL_ARCHIVED });

      const list = await command(server, "channel", "list");
      expect(list).toMatch(/^ {5}1 {2}general +1 +1 {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}archived$/m);
      // Also for the next server.
      await server.stop();
      await using next = await startServer({}, server.folder);
      const back = await RawConnection.open(next.url, ada.accessToken);
      expect(back.welcome.channels).toMatchObject([{ id: GENERAL, archived: true }]);
      await command(next, "channel", "unarchive", "general");
      expect((await back.event("channelChanged")).channel?.archived).toBe(false);
      await back.expect("sent", send(GENERAL, "goes on"));
    },
    PATIENCE_MS,
  );

  test(
    "deletes a channel: members are told why, nothing is left, and its id is never used again",
    async () => {
      await using server = await startServer();
      const ada = await enter(server, "ada");
      const { channel } = await ada.expect("joined", join("secret"));
      const id = channel?.id as number;
      await ada.expect("sent", send(id, "a word that nobody else says"));
      await ada.expect("sent", send(GENERAL, "stays"));
      const args = ["channel", "delete", "secret", "--data", server.dataFile];
      expect(await refusalOf(args)).toContain("--yes");
      expect(await command(server, "channel", "delete", "secret", "--yes")).toContain(
        "secret is deleted.\n",
      );
      expect(await ada.event("left")).toMatchObject({
        channel: id,
        code: ErrorCode.NO_SUCH_CHANNEL,
      });
      expect((await ada.ask(send(id, "hello?"))).value).toMatchObject({
        code: ErrorCode.NO_SUCH_CHANNEL,
      });
      expect(isInFile(server.dataFile, "a word that nobody else says")).toBe(false);
      const anew = await ada.expect("joined", join("secret"));
      expect(anew.channel).toMatchObject({ head: 0, members: 1 });
      expect(anew.channel?.id).toBeGreaterThan(id);
      await command(server, "channel", "delete", "secret", "--yes");
      await server.stop();

      await using next = await startServer({}, server.folder);
      const back = await RawConnection.open(next.url, ada.accessToken);
      expect(back.welcome.channels.map(({ name }) => name)).toEqual(["general"]);
      const third = await back.expect("joined", join("third"));
      expect(third.channel?.id).toBeGreaterThan(anew.channel?.id as number);
      expect(
        await refusalOf(["channel", "delete", "general", "--yes", "--data", next.dataFile]),
      ).toContain("cannot be deleted");
      await next.stop();
      const { channels, messages } = checkDatabase(next.dataFile, "whole");
      expect({ channels, messages }).toEqual({ channels: 2, messages: 1 });
    },
    PATIENCE_MS,
  );

  test(
    "a deletion that was broken off is finished by the next",
    async () => {
      using data = folder();
      await (await startServer({}, data.path)).stop();
      using db = new Database(data.db);
      db.run("INSERT INTO channel (name, name_key, created_ms) VALUES ('old', 'old', 0)");
      db.run("UPDATE channel SET deleted_ms = 1, name_key = 'hidden' WHERE name = 'old'");
      db.run(
        `INSERT INTO message (channel_id, seq, author_id, nonce, encoded)
         VALUES (2, 1, 1, x'01', x'')`,
      );
      const listed = await command({ dataFile: data.db }, "channel", "list");
      expect(listed).toContain("half deleted");
      await command({ dataFile: data.db }, "channel", "delete", "old", "--yes");
      expect(db.query("SELECT count(*) AS n FROM message").get()).toEqual({ n: 0 });
      expect(db.query("SELECT name FROM channel WHERE id = 2").get()).toEqual({ name: "" });
    },
    PATIENCE_MS,
  );
});

test(
  "a client goes on in a channel that was renamed, whether it was there or away",
  async () => {
    await using server = await startServer();
    const signIn = await signUp(server.url, "ada", PASSWORD);
    const client = new HubbubClient({ url: server.url, credentials: signIn });
    await client.connect();
    const channel = await client.join("plans");
    const changes: string[] = [];
    const ends: string[] = [];
    client.on("changed", ({ name }, before) => changes.push(`${before} -> ${name}`));
    client.on("left", ({ name }) => ends.push(name));
    await command(server, "channel", "rename", "plans", "ideas");
    await until(() => changes.length > 0);
    expect(changes).toEqual(["plans -> ideas"]);
    expect(channel.name).toBe("ideas");
    await client.send(channel.id, "one");

    // While everybody is away, and under the same number.
    const { port } = new URL(server.url);
    await server.stop();
    await command(server, "channel", "rename", "ideas", "notes");
    await using next = await startServer({ port }, server.folder);
    await until(() => client.state === "online" && channel.name === "notes");
    const { seq } = await client.send(channel.id, "two");
    expect(seq).toBe(2);
    expect(ends).toEqual([]);
    expect(client.channels).toContain(channel);
    await command(next, "channel", "delete", "notes", "--yes");
    await until(() => ends.length > 0);
    expect(ends).toEqual(["notes"]);
    await client.close();
  },
  PATIENCE_MS,
);
