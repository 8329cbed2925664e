import { expect, test } from "bun:test";
import { Pressure } from "../../src/channels/pressure.ts";

function pressureOf(capMs: number) {
  const clock = { nowMs: 0 };
  return { clock, pressure: new Pressure({ capMs, clockMs: () => clock.nowMs }) };
}

test("pressure is high for a second after a wait of half of the cap", () => {
  const { clock, pressure } = pressureOf(50);
  expect(pressure.isHigh).toBe(false);
  expect(pressure.paced(24)).toBe(24);
  expect(pressure.isHigh).toBe(false);
  expect(pressure.paced(25)).toBe(25);
  expect(pressure.isHigh).toBe(true);
  clock.nowMs = 999;
  expect(pressure.isHigh).toBe(true);
  clock.nowMs = 1000;
  expect(pressure.isHigh).toBe(false);
});

test("where pacing is off, waits say nothing", () => {
  const { pressure } = pressureOf(0);
  pressure.paced(0);
  expect(pressure.isHigh).toBe(false);
});
