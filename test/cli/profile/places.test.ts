import { expect, test } from "bun:test";
import { placeOf, shownPlace } from "../../../src/cli/profile/places.ts";

const at = (url: string, functionName = "send", lineNumber = 9) =>
  placeOf({ functionName, url, lineNumber, columnNumber: 0 });

test.each([
  ["file:///srv/hubbub/src/store/log.ts", "store", "src/store/log.ts:10"],
  [
    "file:///srv/hubbub/src/wire/gen/hubbub/v1/events_pb.ts",
    "wire",
    "src/wire/gen/hubbub/v1/events_pb.ts:10",
  ],
  ["file:///srv/hubbub/src/serve.ts", "serve", "src/serve.ts:10"],
  ["file:///usr/src/hubbub/src/auth/app.ts", "auth", "src/auth/app.ts:10"],
  ["file:///srv/my%20chat/src/auth/app.ts", "auth", "src/auth/app.ts:10"],
  ["/srv/hubbub/src/session/session.ts", "session", "src/session/session.ts:10"],
  ["file:///srv/hubbub/node_modules/elysia/dist/index.js", "elysia", "elysia/dist/index.js:10"],
  [
    "file:///srv/hubbub/node_modules/@bufbuild/protobuf/src/a.js",
    "@bufbuild/protobuf",
    "@bufbuild/protobuf/src/a.js:10",
  ],
  ["file:///srv/node_modules/.bun/a@1/node_modules/b/c.js", "b", "b/c.js:10"],
  ["src/store/log.ts", "store", "src/store/log.ts:10"],
  ["node_modules/elysia/dist/index.js", "elysia", "elysia/dist/index.js:10"],
  ["bun:sqlite", "bun", "bun:sqlite:10"],
  ["node:events", "bun", "node:events:10"],
  ["", "bun", ""],
  ["file:///srv/other/program.js", "elsewhere", "/srv/other/program.js:10"],
])("%s belongs to %s", (url, room, shown) => {
  const place = at(url);
  expect(place.room).toBe(room);
  expect(shownPlace(place)).toBe(shown);
});

test("a path that is no proper URL is shown as it is", () => {
  expect(at("file:///srv/100%/src/wire/lay.ts").room).toBe("wire");
});

test("native code has no place, and a function without a name is called so", () => {
  expect(at("", "publish", -1)).toEqual({ name: "publish", room: "bun", file: "", line: 0 });
  expect(at("file:///a/src/wire/lay.ts", "").name).toBe("(anonymous)");
});
