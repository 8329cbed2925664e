import { describe, expect, test } from "bun:test";
import { isGrouped, Times } from "../../../src/web/chat/messages/times.ts";

const at = (text: string) => Date.parse(text);
const said = (authorId: number, time: string) => ({ authorId, timeMs: at(`2026-11-23T${time}Z`) });

describe("a message stands under the one before it", () => {
  test.each([
    ["of the same author, soon after", said(1, "10:01:00"), said(1, "10:03:00"), true],
    ["of another author", said(1, "10:01:00"), said(2, "10:01:01"), false],
    ["five minutes later", said(1, "10:01:00"), said(1, "10:06:00"), false],
    ["in another quarter of an hour", said(1, "10:14:59"), said(1, "10:15:00"), false],
    ["by a clock that went back", said(1, "10:10:00"), said(1, "10:04:00"), false],
  ])("%s", (_, before, message, expected) => {
    expect(isGrouped(before, message)).toBe(expected);
  });
});

describe("times", () => {
  test("are those of the reader's zone, with the reader's clock", () => {
    const timeMs = at("2026-11-23T22:05:09Z");
    expect(new Times(["de-DE"], "Europe/Berlin").short(timeMs)).toBe("23:05");
    expect(new Times(["en-US"], "America/New_York").short(timeMs)).toMatch(/^5:05\sPM$/);
    expect(new Times(["en-GB"], "Asia/Kolkata").full(timeMs)).toMatch(
      /^Tuesday,? 24 November 2026 at 03:35:09$/,
    );
  });

  test("name the reader's day", () => {
    const times = new Times(["en-GB"], "Europe/Berlin");
    const nowMs = at("2026-11-23T12:00:00Z");
    const day = (text: string) => times.day(at(text), nowMs);
    expect(day("2026-11-22T23:00:00Z")).toBe("Today");
    expect(day("2026-11-22T22:59:59Z")).toBe("Yesterday");
    expect(day("2026-11-21T22:59:59Z")).toMatch(/^Saturday,? 21 November$/);
    expect(day("2025-11-22T10:00:00Z")).toMatch(/^Saturday,? 22 November 2025$/);
    expect(day("2026-11-24T10:00:00Z")).toMatch(/^Tuesday,? 24 November$/);
  });

  test("have days where the clock is changed, too", () => {
    const times = new Times(["en-GB"], "Europe/Berlin");
    const nowMs = at("2026-03-29T21:30:00Z");
    expect(times.day(at("2026-03-28T23:30:00Z"), nowMs)).toBe("Today");
    expect(times.day(at("2026-03-28T22:30:00Z"), nowMs)).toBe("Yesterday");
  });
});
