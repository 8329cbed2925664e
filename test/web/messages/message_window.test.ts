import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ChatMessage, MessageWindow } from "../../../src/web/chat/messages/message_window.ts";

const message = (seq: number): ChatMessage => ({
  seq,
  authorId: 1,
  author: "ada",
  timeMs: seq,
  body: `${seq}`,
});

function messages(first: number, last: number): ChatMessage[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) =>
    message(first + index),
  );
}

/** What a server would answer: at most `limit` messages, of those delivered so far. */
class Channel {
  head = 0;
  readonly limit = 7;

  before(before: number) {
    const last = Math.min(before === 0 ? this.head : before - 1, this.head);
    const first = Math.max(1, last - this.limit + 1);
    return { messages: messages(first, last), head: this.head, more: first > 1 };
  }

  after(after: number) {
    const last = Math.min(this.head, after + this.limit);
    return { messages: messages(after + 1, last), head: this.head, more: last < this.head };
  }
}

const bounds = { messages: 20, newest: 5 };

function loaded(first: number, last: number, head = last) {
  const window = new MessageWindow(bounds);
  window.replace({ messages: messages(first, last), head }, first > 1);
  return window;
}

describe("where the oldest messages are kept no more", () => {
  test("a window whose next messages are gone goes on where history begins", () => {
    const window = loaded(1, 20, 60);
    window.addNewer({ messages: messages(41, 47), head: 60, first: 41 });
    expect(window.span).toEqual({ first: 41, last: 47 });
    expect(window.reachesStart).toBe(true);
  });

  test("a window of a channel that has lost all stands at its end, and goes on from there", () => {
    const window = new MessageWindow(bounds);
    window.replace({ messages: [], head: 60, first: 61 }, false);
    expect([window.reachesStart, window.reachesEnd]).toEqual([true, true]);
    window.addLive(message(61), true);
    expect(window.span).toEqual({ first: 61, last: 61 });
  });
});

describe("the window of messages", () => {
  test("goes on at the end with what comes", () => {
    const window = loaded(1, 3);
    window.addLive(message(4), true);
    expect(window.span).toEqual({ first: 1, last: 4 });
    expect(window.reachesEnd).toBe(true);
  });

  test("lets the oldest go when it follows, and the newest wait when it does not", () => {
    const following = loaded(1, 20);
    const still = loaded(1, 20);
    for (let seq = 21; seq <= 100; seq++) {
      following.addLive(message(seq), true);
      still.addLive(message(seq), false);
    }
    expect(following.span.last).toBe(100);
    expect(following.span.first).toBeGreaterThanOrEqual(100 - 22);
    expect(following.reachesStart).toBe(false);
    expect(still.span).toEqual({ first: 1, last: 20 });
    expect([still.head, still.reachesEnd]).toEqual([100, false]);
  });

  test("meets the newest messages where a page comes late", () => {
    const window = loaded(1, 10, 10);
    const pageOfLongAgo = { messages: messages(11, 14), head: 14 };
    const still = new MessageWindow(bounds);
    still.replace({ messages: messages(1, 10), head: 14 }, false);
    for (let seq = 15; seq <= 18; seq++) still.addLive(message(seq), false);
    still.addNewer(pageOfLongAgo);
    expect(still.span).toEqual({ first: 1, last: 18 });
    expect(still.reachesEnd).toBe(true);
    expect(window.reachesEnd).toBe(true);
  });

  test("shows the newest at once when it has kept enough of them", () => {
    const window = loaded(1, 20);
    for (let seq = 21; seq <= 24; seq++) window.addLive(message(seq), false);
    expect(window.replaceByNewest(5)).toBe(false);
    window.addLive(message(25), false);
    expect(window.replaceByNewest(5)).toBe(true);
    expect(window.span).toEqual({ first: 21, last: 25 });
    expect(window.shown).toEqual({ first: 22, last: 25 });
  });

  test("does not show the oldest message, until it is known what stands before it", () => {
    const window = loaded(8, 14);
    expect(window.shown).toEqual({ first: 9, last: 14 });
    window.addOlder(8, { messages: messages(1, 7), head: 14 }, false);
    expect(window.shown).toEqual({ first: 1, last: 14 });
  });

  test("of an empty channel begins with its first message", () => {
    const window = new MessageWindow(bounds);
    window.replace({ messages: [], head: 0 }, false);
    expect([window.reachesStart, window.reachesEnd]).toEqual([true, true]);
    window.addLive(message(1), false);
    expect(window.shown).toEqual({ first: 1, last: 1 });
  });

  test("takes no page that does not fit any more", () => {
    const window = loaded(8, 14, 40);
    window.addOlder(4, { messages: messages(1, 3), head: 40 }, false);
    window.addNewer({ messages: messages(21, 27), head: 40 });
    expect(window.span).toEqual({ first: 8, last: 14 });
    expect(window.reachesStart).toBe(false);
  });

  test("is always an unbroken, bounded part of the channel, and can be brought to every end of it", () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("grow" as const), by: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant("arrive" as const), of: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant("ask" as const), older: fc.boolean() }),
      fc.record({ kind: fc.constant("jump" as const), to: fc.integer({ min: 0, max: 200 }) }),
      fc.record({ kind: fc.constant("newest" as const) }),
      fc.record({ kind: fc.constant("answer" as const) }),
      fc.record({ kind: fc.constant("reset" as const) }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(step, fc.boolean()), { maxLength: 120, size: "max" }),
        (steps) => {
          const channel = new Channel();
          const window = new MessageWindow(bounds);
          /** The last message that came live; what the channel has beyond is on its way. */
          let came = 0;
          let answer: (() => void) | undefined;
          const ask = (older: boolean) => {
            const { first, last } = window.span;
            const page = older ? channel.before(first) : channel.after(last);
            return () => (older ? window.addOlder(first, page, page.more) : window.addNewer(page));
          };
          const jump = (to: number) => {
            const page = channel.before(to);
            window.replace(page, page.more);
          };
          const check = () => {
            const { first, last } = window.span;
            expect(last).toBeLessThanOrEqual(channel.head);
            expect(last - first + 1).toBeLessThanOrEqual(bounds.messages * 1.1 + bounds.newest * 2);
            for (let seq = first; seq <= last; seq++) expect(window.get(seq)?.seq).toBe(seq);
            expect([window.get(first - 1), window.get(last + 1)]).toEqual([undefined, undefined]);
            if (window.reachesStart && last > 0) expect(first).toBe(1);
            if (window.reachesEnd) expect(last).toBeGreaterThanOrEqual(came);
          };
          for (const [step, follows] of steps) {
            if (step.kind === "grow") channel.head += step.by;
            else if (step.kind === "arrive") {
              for (let more = step.of; more > 0 && came < channel.head; more--) {
                window.addLive(message(++came), follows);
              }
            } else if (step.kind === "jump") {
              jump(step.to > channel.head ? 0 : step.to);
              answer = undefined;
            } else if (step.kind === "newest") {
              if (window.replaceByNewest(3)) answer = undefined;
            } else if (step.kind === "reset") {
              channel.head = came = 0;
              window.clear();
              answer = undefined;
            } else if (step.kind === "ask" && window.isLoaded) {
              answer = ask(step.older);
            } else if (step.kind === "answer") {
              answer?.();
              answer = undefined;
            }
            check();
          }
          if (!window.isLoaded) jump(0);
          for (let pages = 0; !window.reachesEnd; pages++) {
            ask(false)();
            check();
            expect(pages).toBeLessThan(channel.head);
          }
          for (let pages = 0; !window.reachesStart; pages++) {
            ask(true)();
            check();
            expect(pages).toBeLessThanOrEqual(channel.head);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test("a message that is deleted loses its text wherever it is kept, and no other does", () => {
  const window = loaded(1, 10, 14);
  for (const seq of [12, 13, 14]) window.addLive(message(seq), false);
  expect(window.delete([40])).toBe(false);
  expect(window.delete([3, 13])).toBe(true);
  window.addNewer({ messages: messages(11, 12), head: 14 });
  const { first, last } = window.span;
  expect([first, last]).toEqual([1, 14]);
  for (let seq = first; seq <= last; seq++) {
    const isDeleted = seq === 3 || seq === 13;
    const expected = isDeleted ? { ...message(seq), body: "", deleted: true } : message(seq);
    expect(window.get(seq)).toEqual(expected);
  }
});
