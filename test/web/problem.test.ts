import { expect, test } from "bun:test";
import { HubbubError } from "../../src/client/errors.ts";
import { deviceName } from "../../src/web/chat/account/device_name.ts";
import { problemOf } from "../../src/web/chat/entrance/problem.ts";

test("what the server says of a field stands beside it, as a sentence", () => {
  const refused = (text: string) =>
    problemOf(new HubbubError("INVALID_ARGUMENT", text), "register");
  expect(refused("name: 3 to 32 letters.")).toEqual({ field: "name", text: "3 to 32 letters." });
  expect(refused("password: it is on the list.")).toEqual({
    field: "password",
    text: "The password is on the list.",
  });
  expect(refused("new_password: 8 to 256 characters.")).toEqual({
    field: "next",
    text: "8 to 256 characters.",
  });
  expect(refused("The body should be an object.")).toEqual({
    text: "The body should be an object.",
  });
});

test("a wrong password stands beside the field that it was written in", () => {
  const wrong = new HubbubError("INVALID_CREDENTIALS", "Name or password is wrong.");
  expect(problemOf(wrong, "sign in").field).toBe("password");
  expect(problemOf(wrong, "password").field).toBe("current");
});

test("what passes by itself says when", () => {
  const before = Date.now();
  const problem = problemOf(new HubbubError("SIGN_IN_BUSY", "Too many.", 2000), "sign in");
  expect(problem.text).toBe("Too many.");
  expect(problem.retryAtMs).toBeGreaterThanOrEqual(before + 2000);
});

test.each([
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    "Edge on Windows",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    "Safari on iOS",
  ],
  [
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
    "Chrome on Android",
  ],
  ["curl/8.5.0", "curl"],
  ["a bot of ours", "a bot of ours"],
])("%s is called %s", (userAgent, name) => {
  expect(deviceName(userAgent)).toBe(name);
});
