import { describe, expect, test } from "bun:test";
import { HubbubError } from "../../../src/client/errors.ts";
import { type ClientEvents, Listeners } from "../../../src/client/events.ts";
import type { Membership } from "../../../src/client/memberships.ts";
import type { HistoryRequest } from "../../../src/client/options.ts";
import type { PendingMessage } from "../../../src/client/posts.ts";
import { Conversation } from "../../../src/web/chat/messages/conversation.ts";
import type { HistoryPage, Message } from "../../../src/wire/gen/hubbub/v1/events_pb.ts";

const message = (seq: number, channel: number) =>
  ({ seq, channel, authorId: 2, author: "bob", timeMs: seq, body: `${seq}` }) as Message;

/** A client whose server answers when the test says so, from a log that the test makes longer. */
class ScriptedClient {
  readonly channel: Membership;
  readonly waiting: (() => void)[] = [];
  posts: PendingMessage[] = [];
  error: HubbubError | undefined;
  asked = 0;
  /** Messages up to this number are kept no more, and, after the next reads, up to these. */
  gone = 0;
  readonly goneAfterReads: number[] = [];
  readonly #listeners = new Listeners();

  constructor(head: number) {
    const rest = {
      first: 1,
      members: 2,
      isArchived: false,
      last: head,
      isOwnJoin: true,
      phase: "live" as const,
    };
    this.channel = { id: 1, name: "general", head, ...rest };
  }

  on<Name extends keyof ClientEvents>(name: Name, handler: ClientEvents[Name]) {
    return this.#listeners.on(name, handler);
  }

  emit<Name extends keyof ClientEvents>(name: Name, ...values: Parameters<ClientEvents[Name]>) {
    this.#listeners.emit(name, ...values);
  }

  pending(): readonly PendingMessage[] {
    return this.posts;
  }

  history({ before, after, limit = 100 }: HistoryRequest): Promise<HistoryPage> {
    this.asked++;
    const { error } = this;
    if (error) return Promise.reject(error);
    const { head, id } = this.channel;
    const last =
      after === undefined
        ? Math.min(head, (before || head + 1) - 1)
        : Math.min(head, Math.max(after, this.gone) + limit);
    const begin = this.gone + 1;
    const first = Math.max(begin, after === undefined ? last - limit + 1 : after + 1);
    this.gone = this.goneAfterReads.shift() ?? this.gone;
    const count = Math.max(0, last - first + 1);
    const messages = Array.from({ length: count }, (_, index) => message(first + index, id));
    const more = after === undefined ? first > begin && last >= begin : last < head;
    const page = { channel: id, messages, head, more, first: begin } as unknown as HistoryPage;
    return new Promise((resolve) => this.waiting.push(() => resolve(page)));
  }

  /** Answers everything that was asked. */
  async answer(): Promise<void> {
    for (const answer of this.waiting.splice(0)) answer();
    await settled();
  }

  /** More messages, which are delivered. */
  say(count: number): void {
    for (let index = 0; index < count; index++) {
      this.channel.last = ++this.channel.head;
      this.emit("message", message(this.channel.head, this.channel.id));
    }
  }
}

/** What is on its way within the page has arrived. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await Promise.resolve();
}

function opened(head: number, readUpTo = head, gone = 0) {
  const client = new ScriptedClient(head);
  client.gone = gone;
  const conversation = new Conversation({
    client,
    channel: client.channel,
    readUpTo,
    follows: () => true,
    changed: () => {},
    onLive: () => {},
    onReset: () => {},
  });
  conversation.open();
  return { client, conversation };
}

describe("an open channel", () => {
  test("shows its newest messages, and those that came while they were read from history", async () => {
    const { client, conversation } = opened(500);
    client.say(3);
    await client.answer();
    expect(conversation.window.span.last).toBe(503);
    expect(conversation.window.reachesEnd).toBe(true);
    expect(conversation.takePlace()).toEqual({ at: "end" });
    expect(conversation.takePlace()).toBeUndefined();
    expect(conversation.marker).toBeUndefined();
  });

  test("begins where reading stopped, and marks that", async () => {
    const { client, conversation } = opened(5000, 3000);
    await client.answer();
    expect(conversation.takePlace()).toEqual({ at: "message", seq: 3001, why: "unread" });
    expect(conversation.marker).toBe(3000);
    expect(conversation.window.get(3001)?.seq).toBe(3001);
    expect(conversation.window.reachesEnd).toBe(false);
  });

  test("asks for a page once, however often it is told to", async () => {
    const { client, conversation } = opened(5000);
    await client.answer();
    const { asked } = client;
    for (let times = 0; times < 5; times++) conversation.loadOlder();
    expect(client.asked).toBe(asked + 1);
    const { first } = conversation.window.span;
    await client.answer();
    expect(conversation.window.span.first).toBeLessThan(first);
  });

  test("shows no text again that was deleted while a page with it was on its way", async () => {
    const { client, conversation } = opened(5000);
    // The server reads each page before it deletes, and the page is what comes later.
    const expectGone = (seq: number) => {
      expect(conversation.window.get(seq)).toMatchObject({ seq, body: "", deleted: true });
      expect(conversation.window.get(seq - 1)).toMatchObject({ body: `${seq - 1}` });
    };
    client.emit("deleted", client.channel.id, [4990]);
    // Of another channel.
    client.emit("deleted", client.channel.id + 1, [4989]);
    await client.answer();
    expectGone(4990);
    const { first } = conversation.window.span;
    conversation.loadOlder();
    client.emit("deleted", client.channel.id, [first - 10, first - 3]);
    await client.answer();
    for (const seq of [first - 10, first - 3]) expectGone(seq);

    // Of the two pages around a message, the first is there when the text of it is deleted.
    conversation.goTo(1000);
    const [before, after] = client.waiting.splice(0);
    before?.();
    await settled();
    client.emit("deleted", client.channel.id, [990]);
    after?.();
    await settled();
    expectGone(990);
    conversation.loadNewer();
    const { last } = conversation.window.span;
    client.emit("deleted", client.channel.id, [last + 5]);
    await client.answer();
    expectGone(last + 5);
  });

  test("does not use a page that comes after a jump elsewhere", async () => {
    const { client, conversation } = opened(5000);
    await client.answer();
    conversation.loadOlder();
    conversation.goTo(100);
    await client.answer();
    expect(conversation.window.get(100)?.seq).toBe(100);
    expect(conversation.window.span.last).toBeLessThan(1000);
    expect(conversation.loads).toEqual({ older: "idle", newer: "idle", jump: "idle" });
  });

  test("keeps an error until it is tried again, and tries by itself when the connection is back", async () => {
    const { client, conversation } = opened(5000);
    await client.answer();
    client.error = new HubbubError("STORE_UNAVAILABLE", "The disk.");
    conversation.loadOlder();
    await settled();
    expect(conversation.loads.older).toBe(client.error);
    const { asked } = client;
    conversation.loadOlder();
    expect(client.asked).toBe(asked);
    client.error = undefined;
    client.emit("state", "online", {});
    conversation.loadOlder();
    await client.answer();
    expect(conversation.loads.older).toBe("idle");
  });

  test("that could not be opened is opened when the connection is there", async () => {
    const client = new ScriptedClient(10);
    client.error = new HubbubError("DISCONNECTED", "There is no connection now.");
    const { channel } = client;
    const rest = { follows: () => true, changed: () => {}, onLive: () => {}, onReset: () => {} };
    const conversation = new Conversation({ client, channel, readUpTo: 10, ...rest });
    conversation.open();
    await settled();
    expect(conversation.loads.jump).toBe(client.error);
    client.error = undefined;
    client.emit("state", "online", {});
    await client.answer();
    expect(conversation.window.span).toEqual({ first: 1, last: 10 });
  });

  test("asks again by itself when it was too fast for the server", async () => {
    const { client, conversation } = opened(5000);
    await client.answer();
    client.error = new HubbubError("RATE_LIMITED", "Too fast.", 1);
    conversation.loadOlder();
    await settled();
    client.error = undefined;
    while (client.waiting.length === 0) await Bun.sleep(5);
    await client.answer();
    expect(conversation.loads.older).toBe("idle");
    expect(conversation.window.span.first).toBeLessThan(5000 - 200);
  });

  test("goes to its end when one writes, and not when a message fails", async () => {
    const { client, conversation } = opened(5000, 3000);
    await client.answer();
    conversation.takePlace();
    const post = { nonce: "a", channel: 1, body: "hi" };
    client.posts = [{ ...post, state: "waiting" }];
    client.emit("pending", 1);
    await client.answer();
    expect(conversation.takePlace()).toEqual({ at: "end" });
    client.posts = [{ ...post, state: "failed" }];
    client.emit("pending", 1);
    await client.answer();
    expect(conversation.takePlace()).toBeUndefined();
  });

  test("begins anew when its numbers count in another log", async () => {
    const { client, conversation } = opened(5000, 4000);
    await client.answer();
    Object.assign(client.channel, { id: 7, head: 3, last: 3 });
    client.emit("reset", [client.channel]);
    expect(conversation.window.isLoaded).toBe(false);
    await client.answer();
    expect(conversation.window.span).toEqual({ first: 1, last: 3 });
    expect([conversation.marker, conversation.window.reachesEnd]).toEqual([undefined, true]);
    client.say(1);
    expect(conversation.window.span.last).toBe(4);
  });

  test("says which message it does not have", async () => {
    const { client, conversation } = opened(10);
    await client.answer();
    conversation.takePlace();
    conversation.goTo(11);
    await client.answer();
    expect(conversation.missing).toBe(11);
    expect(conversation.takePlace()).toEqual({ at: "end" });
  });

  test("begins at the oldest message that is kept, for links and where reading stopped before it", async () => {
    const { client, conversation } = opened(1000, 1000, 800);
    await client.answer();
    conversation.takePlace();
    conversation.goTo(5);
    await client.answer();
    expect(conversation.missing).toBe(5);
    expect(conversation.takePlace()).toEqual({ at: "message", seq: 801, why: "link" });
    expect(conversation.window.span.first).toBe(801);
    expect(conversation.window.reachesStart).toBe(true);

    const late = opened(1000, 10, 800);
    await late.client.answer();
    expect(late.conversation.takePlace()).toEqual({ at: "message", seq: 801, why: "unread" });
    expect(late.conversation.marker).toBe(800);
  });

  test("has no hole where messages go between two pages that are read together", async () => {
    const { client, conversation } = opened(1000);
    await client.answer();
    client.goneAfterReads.push(400);
    conversation.goTo(300);
    await client.answer();
    const { first, last } = conversation.window.span;
    for (let seq = first; seq <= last; seq++) {
      expect(conversation.window.get(seq)?.seq).toBe(seq);
    }
    expect([first, conversation.missing]).toEqual([401, 300]);
    expect(conversation.window.reachesStart).toBe(true);
  });

  test("goes on behind a gap, even if nothing is said there any more", async () => {
    const { client, conversation } = opened(100);
    await client.answer();
    Object.assign(client.channel, { head: 300, last: 300, first: 251 });
    client.gone = 250;
    client.emit("gap", { channel: client.channel, from: 101, to: 250 });
    expect(conversation.window.reachesEnd).toBe(false);
    conversation.loadNewer();
    await client.answer();
    expect(conversation.window.span).toEqual({ first: 251, last: 300 });
    expect([conversation.window.reachesStart, conversation.window.reachesEnd]).toEqual([
      true,
      true,
    ]);
  });

  test("of which all messages have gone shows none, and the next one that comes", async () => {
    const { client, conversation } = opened(50, 50, 50);
    await client.answer();
    expect(conversation.window.span).toEqual({ first: 51, last: 50 });
    expect([conversation.window.reachesStart, conversation.window.reachesEnd]).toEqual([
      true,
      true,
    ]);
    client.say(1);
    expect(conversation.window.get(51)?.body).toBe("51");
  });

  test("listens to nothing once it is closed", async () => {
    const { client, conversation } = opened(10);
    await client.answer();
    conversation.close();
    client.say(1);
    expect(conversation.window.span.last).toBe(10);
  });
});
