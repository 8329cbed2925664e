import { expect, test } from "bun:test";
import { resultText } from "../../loadtest/result_text.ts";
import { fixtureResult } from "./fixture_result.ts";

test("result.json holds the whole result, a second a line", () => {
  const result = fixtureResult();
  const text = resultText(result);
  const read = JSON.parse(text);
  expect(Object.keys(read).sort()).toEqual(Object.keys(result).sort());
  expect(read.seconds.length).toBe(result.seconds.length);
  expect(read.latencyMs.delivery.p99).toBeCloseTo(result.latencyMs.delivery.p99, 4);
  const { messagesPerUserSecond, ...parameters } = result.parameters;
  expect(read.parameters).toMatchObject(parameters);
  expect(read.parameters.messagesPerUserSecond).toBeCloseTo(messagesPerUserSecond, 4);
  expect(text.split("\n").filter((line) => line.includes('"atSeconds"')).length).toBe(
    result.seconds.length,
  );
});
