import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import {
  type Action,
  CloseCode,
  closes,
  errorEntry,
  errorName,
  errors,
} from "../../src/wire/codes.ts";
import { ErrorCode, LimitsSchema } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { ClientFrameSchema, EventSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";

const document = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");

/** The text under a heading, up to the next heading of any level. */
function section(heading: RegExp): string {
  const parts = document.split(/^(?=#)/m).filter((part) => heading.test(part));
  if (parts.length !== 1) throw new Error(`PROTOCOL.md: ${parts.length} headings like ${heading}`);
  return parts[0] ?? "";
}

/** The rows of a section's one table, cell by cell, without the head. */
function rows(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
}

const codes = Object.values(ErrorCode).filter(
  (code): code is ErrorCode => typeof code === "number" && code !== ErrorCode.UNSPECIFIED,
);

describe("docs/PROTOCOL.md", () => {
  test("has the error codes of the code, each with its name, status, action and text", () => {
    expect(rows(section(/^## \d+\. Error codes\n/))).toEqual(
      codes.map((code) => {
        const { status, action, text } = errorEntry(code);
        return [String(code), `\`${errorName(code)}\``, String(status), action, text];
      }),
    );
  });

  test("has the close codes of the code, each with its name, action and text", () => {
    expect(rows(section(/^## \d+\. Close codes\n/))).toEqual(
      Object.entries(CloseCode).map(([name, code]) => {
        const { action, text } = closes[code];
        return [String(code), `\`${name}\``, action, text];
      }),
    );
  });

  test("explains every action that a table names", () => {
    const named = new Set<Action>(
      [...Object.values(errors), ...Object.values(closes)].map(({ action }) => action),
    );
    const explained = [...section(/^## \d+\. Error codes\n/).matchAll(/^- \*\*(.+)\*\*/gm)];
    expect(explained.map(([, action]) => action).sort()).toEqual([...named].sort());
  });

  test("refuses a socket with the statuses of the code", () => {
    for (const [status, code] of rows(section(/^## \d+\. Opening the socket\n/)).slice(4)) {
      const entry = codes.find((known) => `\`${errorName(known)}\`` === code);
      expect([code, status]).toEqual([code, String(errorEntry(entry ?? 0).status)]);
    }
  });

  test("has a section for every command, with the event that answers it", () => {
    const described = [...document.matchAll(/^### `(\w+)` → `(\w+)`$/gm)];
    const commands = ClientFrameSchema.fields.filter(({ oneof }) => oneof?.name === "command");
    expect(described.map(([, command]) => command)).toEqual(commands.map(({ name }) => name));
    const events = EventSchema.fields.map(({ name }) => name);
    for (const [, , answer] of described) expect(events).toContain(answer ?? "");
  });

  test("lists every event and every limit", () => {
    const named = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    const events = rows(section(/^## \d+\. Events\n/)).flatMap(([names]) => named(names ?? ""));
    const known = EventSchema.fields.filter(({ oneof }) => oneof?.name === "event");
    expect(events.sort()).toEqual(known.map(({ name }) => name).sort());
    const limits = rows(section(/^## \d+\. Limits\n/)).flatMap(([names]) => named(names ?? ""));
    expect(limits).toEqual(LimitsSchema.fields.map(({ name }) => name));
  });

  test("leads nowhere wrong with its links", () => {
    const headings = [...document.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
    for (const [, anchor = ""] of document.matchAll(/\]\(#([^)]+)\)/g)) {
      expect(headings).toContain(anchor);
    }
    for (const [, path = ""] of document.matchAll(/\]\((\.\.[^)]+)\)/g)) {
      const there = existsSync(new URL(`../../docs/${path}`, import.meta.url));
      expect([path, there]).toEqual([path, true]);
    }
  });
});

describe("the tables of the code", () => {
  test("give every error code an entry", () => {
    expect(Object.keys(errors).map(Number)).toEqual(codes);
  });

  test("keep a close reason within what a close frame can carry", () => {
    // RFC 6455, section 5.5: 125 bytes, two of them the code.
    for (const { text } of Object.values(closes)) {
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(123);
    }
  });

  test("let a close code's range say whether to come back", () => {
    for (const [code, { action }] of Object.entries(closes)) {
      if (Number(code) < 4000) continue;
      expect([code, action === "reconnect and resume"]).toEqual([code, Number(code) < 4500]);
    }
  });

  test("read a code from a newer server as INTERNAL", () => {
    expect(errorEntry(9999 as ErrorCode)).toBe(errors[ErrorCode.INTERNAL]);
    expect(errorName(9999 as ErrorCode)).toBe("UNKNOWN_9999");
  });
});
