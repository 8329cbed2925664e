import { expect, test } from "bun:test";
import { pathOf, type Route, routeOf } from "../../src/web/chat/route.ts";

test.each<[path: string, route: Route]>([
  ["/", { kind: "home" }],
  ["/c/general", { kind: "channel", name: "general", seq: undefined }],
  ["/c/general/", { kind: "channel", name: "general", seq: undefined }],
  ["/c/general/812", { kind: "channel", name: "general", seq: 812 }],
  ["/c/a.b-c_1/4294967295", { kind: "channel", name: "a.b-c_1", seq: 4_294_967_295 }],
  ["/c/general/0", { kind: "nowhere" }],
  ["/c/general/4294967296", { kind: "nowhere" }],
  ["/c/general/1/2", { kind: "nowhere" }],
  ["/c/general/one", { kind: "nowhere" }],
  ["/c/", { kind: "nowhere" }],
  ["/c/no%20such", { kind: "nowhere" }],
  [`/c/${"x".repeat(65)}`, { kind: "nowhere" }],
])("%s shows %j", (path, route) => {
  expect(routeOf(path)).toEqual(route);
});

test("the address of a channel or message leads there", () => {
  expect(routeOf(pathOf("general"))).toEqual({ kind: "channel", name: "general", seq: undefined });
  expect(routeOf(pathOf("general", 7))).toEqual({ kind: "channel", name: "general", seq: 7 });
});
