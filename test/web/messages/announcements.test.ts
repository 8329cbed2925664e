import { describe, expect, test } from "bun:test";
import { announcementOf } from "../../../src/web/chat/messages/announcements.ts";

const said = (author: string, body: string, seq = 1) => ({
  seq,
  authorId: 1,
  author,
  timeMs: 0,
  body,
});

describe("what a screen reader is told", () => {
  test("of one message is the message", () => {
    expect(announcementOf([said("ada", "hello")])).toBe("ada: hello");
  });

  test("of a long one is its beginning", () => {
    const text = announcementOf([said("ada", "x".repeat(4000))]);
    expect(text.length).toBeLessThan(300);
    expect(text.endsWith("…")).toBe(true);
  });

  test("of many is how many, and from whom", () => {
    const some = [said("ada", "a"), said("bob", "b"), said("ada", "c")];
    expect(announcementOf(some)).toBe("3 new messages from ada, bob");
    const crowd = ["ada", "bob", "eve", "joe", "kim"].map((name) => said(name, "hi"));
    expect(announcementOf(crowd, 4812)).toBe("4812 new messages from ada, bob, eve and others");
  });
});
