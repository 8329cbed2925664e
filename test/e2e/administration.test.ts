import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { HubbubClient } from "../../src/client/client.ts";
import { register as signUp } from "../../src/client/sign_in.ts";
import { checkDatabase } from "../../src/store/backups/check.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { folder, PATIENCE_MS, post, refusalOf, run } from "../support/command.ts";
import { hubbub } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { PASSWORD, register, startServer, type TestServer } from "../support/server.ts";
import { Talker } from "../support/talker.ts";
import { until } from "../support/wait.ts";

const GENERAL = 1;
const resume = (channel: number, after: number) => ({
  case: "resume" as const,
  value: { cursors: [{ channel, after }] },
});
const join = (name: string) => ({ case: "join", value: { name } }) as const;
const readAll = (channel: number) =>
  ({ case: "readHistory", value: { channel, before: 0 } }) as const;

async function enter(server: TestServer, name: string) {
  const { accessToken } = await register(server.url, name);
  const connection = await RawConnection.open(server.url, accessToken);
  return Object.assign(connection, { accessToken });
}

/** Runs a command beside the server, which must succeed; returns what it said. */
async function command(server: { dataFile: string }, ...args: string[]): Promise<string> {
  const { out, err, code } = await run([...args, "--data", server.dataFile]);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out;
}

/** Whether the text stands anywhere in the database or its WAL. */
function isInFile(dataFile: string, text: string): boolean {
  return [dataFile, `${dataFile}-wal`].some(
    (file) => existsSync(file) && readFileSync(file).includes(text),
  );
}

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

describe("hubbub message delete", () => {
  test(
    "empties a message for those who are there, those who resume, and in the file",
    async () => {
      await using server = await startServer();
      const ada = await enter(server, "ada");
      const bob = await enter(server, "bob");
      const texts = ["one", "this is to be forgotten", "three"];
      for (const [index, body] of texts.entries()) {
        await ada.expect("sent", send(GENERAL, body, `n-${index}`));
      }
      await command(server, "message", "delete", "general", "2");
      for (const connection of [ada, bob]) {
        expect(await connection.event("messageDeleted")).toMatchObject({
          channel: GENERAL,
          seqs: [2],
        });
      }
      // From the ring, and then from the file.
      await bob.expect("resumed", resume(GENERAL, 0));
      const shown = bob.messages(GENERAL);
      expect(shown.map(({ seq, body, deleted }) => [seq, body, deleted])).toEqual([
        [1, "one", false],
        [2, "", true],
        [3, "three", false],
      ]);
      expect(shown[1]).toMatchObject({ author: "ada" });
      const page = await bob.expect("historyPage", readAll(GENERAL));
      expect(page.messages).toEqual(shown);
      expect(isInFile(server.dataFile, "this is to be forgotten")).toBe(false);
      // Sending it again is still no second message.
      const again = await ada.expect("sent", send(GENERAL, "another text", "n-1"));
      expect(again).toMatchObject({ seq: 2, duplicate: true });
      const data = ["--data", server.dataFile];
      expect(await command(server, "message", "delete", "general", "2")).toBe(
        "Message 2 of general was deleted already.\n",
      );
      expect(await refusalOf(["message", "delete", "general", "9", ...data])).toBe(
        "There is no message 9 in general.",
      );
    },
    PATIENCE_MS,
  );

  test(
    "the numbers stay whole while people talk and messages are deleted",
    async () => {
      await using server = await startServer({ messagesPerSecond: 1000, messageBurst: 1000 });
      const ada = await Talker.enter(server.url, "ada");
      const bob = await Talker.enter(server.url, "bob");
      const deleted = new Set<number>();
      bob.client.on("deleted", (_, seqs) => {
        for (const seq of seqs) deleted.add(seq);
      });
      ada.talk();
      bob.talk();
      await until(() => bob.shown.length > 20);
      await Promise.all(
        [3, 8, 15].map((seq) => command(server, "message", "delete", "general", `${seq}`)),
      );
      await until(() => deleted.size === 3);
      await Promise.all([ada.hush(), bob.hush()]);
      const head = Math.max(...ada.acknowledged.keys(), ...bob.acknowledged.keys());
      const late = await Talker.enter(server.url, "cyd");
      const page = await late.client.history({ channel: GENERAL, after: 0, limit: 200 });
      expect(page.messages.map(({ seq }) => seq)).toEqual(
        Array.from({ length: Math.min(head, 200) }, (_, index) => index + 1),
      );
      expect(page.messages.filter(({ deleted }) => deleted).map(({ seq }) => seq)).toEqual([
        3, 8, 15,
      ]);
      for (const { client } of [ada, bob, late]) await client.close();
      await server.stop();
      checkDatabase(server.dataFile, "whole");
    },
    PATIENCE_MS,
  );
});

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
