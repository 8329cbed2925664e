import { describe, expect, test } from "bun:test";
import { checkDatabase } from "../../src/store/backups/check.ts";
import { command, enter, GENERAL, isInFile, readAll, resume } from "../support/administration.ts";
import { PATIENCE_MS, refusalOf } from "../support/command.ts";
import { send } from "../support/raw_connection.ts";
import { startServer } from "../support/server.ts";
import { Talker } from "../support/talker.ts";
import { until } from "../support/wait.ts";

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
