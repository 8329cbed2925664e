import { afterEach, beforeEach, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { channelChanges, halfDeletedChannels } from "../../src/store/channel_changes.ts";
import { erasure } from "../../src/store/erasure.ts";
import { messageChanges, ownMessages } from "../../src/store/message_changes.ts";
import { type Notice, NoticeWatch } from "../../src/store/notices.ts";
import { MessageSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { emptied, isDeleted } from "../../src/wire/tombstone.ts";
import { InProcessStore } from "../support/in_process_store.ts";

const GENERAL = 1;
const message = { seq: 1, channel: GENERAL, authorId: 1, author: "ada", timeMs: 5, body: "Hi" };
const encoded = toBinary(MessageSchema, create(MessageSchema, message));

let store: InProcessStore;

beforeEach(async () => {
  store = new InProcessStore();
  await store.run("createAccount", { name: "ada", passwordHash: "x", role: "admin", nowMs: 7 });
  const insert =
    "INSERT INTO message (channel_id, seq, author_id, nonce, encoded) VALUES (1, ?, 1, ?, ?)";
  for (const seq of [1, 2, 3]) store.writing.run(insert, [seq, new Uint8Array([seq]), encoded]);
});

afterEach(() => store.close());

function watching(most = Number.POSITIVE_INFINITY) {
  const seen: Notice[] = [];
  const { newest } = store.reading
    .query("SELECT coalesce(max(id), 0) AS newest FROM notice")
    .get() as { newest: number };
  const watch = new NoticeWatch(store.reading, newest, {
    carryOut(notices) {
      const taken = notices.slice(0, most);
      seen.push(...taken);
      return taken.length;
    },
    forget: (upTo) => void store.run("forgetNotices", upTo),
    failed: (error) => {
      throw error;
    },
  });
  return () => {
    watch.look();
    return seen.splice(0);
  };
}

const noticesLeft = () =>
  (store.writing.query("SELECT count(*) AS n FROM notice").get() as { n: number }).n;

test("what a command does is seen once, as it is by then, and then forgotten", () => {
  const look = watching();
  const channels = channelChanges(store.writing);
  expect(channels.rename(GENERAL, "lobby")).toBe(true);
  expect(channels.archive(GENERAL, 1)).toBe(true);
  expect(channels.archive(GENERAL, 2)).toBe(false);
  const expected = {
    kind: "channel",
    channel: 1,
    name: "lobby",
    isArchived: true,
    isDeleted: false,
  };
  expect(look() as unknown[]).toEqual([expected, expected]);
  expect(look()).toEqual([]);
  expect(noticesLeft()).toBe(0);
  expect(messageChanges(store.writing).deleteMessage(GENERAL, 2)).toBe(true);
  const [deleted] = look();
  if (deleted?.kind !== "message") throw new Error("no message was told of");
  expect([deleted.seq, isDeleted(deleted.encoded as Uint8Array)]).toEqual([2, true]);
});

test("what was done while no server ran is in memory from the start, and forgotten", () => {
  messageChanges(store.writing).deleteMessage(GENERAL, 2);
  const look = watching();
  expect([look(), noticesLeft()]).toEqual([[], 0]);
});

test("what is not carried out yet is shown again", () => {
  const look = watching(1);
  for (const seq of [1, 2, 3]) messageChanges(store.writing).deleteMessage(GENERAL, seq);
  expect(noticesLeft()).toBe(3);
  for (const seq of [1, 2, 3]) expect(look()).toMatchObject([{ kind: "message", seq }]);
  expect([look(), noticesLeft()]).toEqual([[], 0]);
});

test("a channel's name is free as soon as it is hidden, and the channel is unfinished until its end", () => {
  const channels = channelChanges(store.writing);
  channels.hide(GENERAL, 1);
  store.writing.run(
    "INSERT INTO channel (name, name_key, created_ms) VALUES ('general', 'general', 0)",
  );
  expect(halfDeletedChannels(store.writing)).toEqual([GENERAL]);
  expect(channels.deleteMessages(GENERAL, 2)).toBe(2);
  expect(channels.deleteMessages(GENERAL, 2)).toBe(1);
  channels.finish(GENERAL);
  expect(halfDeletedChannels(store.writing)).toEqual([]);
});

test("a user's messages are found stretch by stretch, and lose author, nonce and text", () => {
  expect(ownMessages(store.writing, 1, 0, 2)).toEqual({ ids: [1, 2], next: 3 });
  expect(ownMessages(store.writing, 1, 3, 2)).toEqual({ ids: [3], next: undefined });
  messageChanges(store.writing).disownMessages(1, [1, 2, 3], false);
  expect(ownMessages(store.writing, 1, 0, 100).ids).toEqual([]);
  const rows = store.writing
    .query("SELECT seq, author_id, length(nonce) AS nonce FROM message")
    .all();
  expect(rows).toEqual([1, 2, 3].map((seq) => ({ seq, author_id: 0, nonce: 16 })));
});

test("of an erased account only the id is left, and nobody else gets it", async () => {
  const look = watching();
  const steps = erasure(store.writing);
  steps.begin(1, 9);
  steps.finish(1);
  expect(look()).toEqual([{ kind: "member", channel: GENERAL, account: 1 }]);
  expect(store.reads.credentialsByName("ada")).toBeUndefined();
  const anew = { name: "ada", passwordHash: "y", role: "user", nowMs: 0 } as const;
  const next = await store.run("createAccount", anew);
  expect(next).toMatchObject({ id: 2, name: "ada" });
});

test("a message loses its text, its author, or both, and keeps number and time", () => {
  const read = (what: { body: boolean; author: boolean }) => {
    const { $typeName, ...fields } = fromBinary(
      MessageSchema,
      emptied(encoded, what, { channel: GENERAL, seq: 1 }),
    );
    return fields;
  };
  const rest = { ...message, deleted: false };
  const nobody = { authorId: 0, author: "erased user" };
  expect(read({ body: true, author: false })).toEqual({ ...rest, body: "", deleted: true });
  expect(read({ body: false, author: true })).toEqual({ ...rest, ...nobody });
  expect(read({ body: true, author: true })).toEqual({
    ...rest,
    ...nobody,
    body: "",
    deleted: true,
  });
});

test("a damaged message can be deleted, and keeps no user from being erased", () => {
  store.writing.run("UPDATE message SET encoded = x'ffff' WHERE seq IN (2, 3)");
  const changes = messageChanges(store.writing);
  expect(changes.deleteMessage(GENERAL, 2)).toBe(true);
  expect(changes.deleteMessage(GENERAL, 2)).toBe(false);
  changes.disownMessages(1, [1, 3], false);
  const rows = store.writing
    .query<{ encoded: Uint8Array }, []>("SELECT encoded FROM message ORDER BY seq")
    .all()
    .map(({ encoded: bytes }) => fromBinary(MessageSchema, bytes));
  expect(rows).toMatchObject(
    [1, 2, 3].map((seq) => ({ channel: GENERAL, seq, body: "", authorId: 0, deleted: true })),
  );
});
