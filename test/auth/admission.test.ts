import { describe, expect, test } from "bun:test";
import { Admission, type Candidate } from "../../src/auth/admission.ts";
import { Allowance } from "../../src/auth/allowance.ts";
import { BackOff, FREE_FAILURES, LONGEST_WAIT_MS } from "../../src/auth/back_off.ts";
import { BoundedTable } from "../../src/auth/bounded_table.ts";
import { Refusal } from "../../src/auth/refusal.ts";
import { errorName } from "../../src/wire/codes.ts";

const HOUR_MS = 3_600_000;

/** What an action is told to wait; 0 where it was carried out. */
function waitOf(action: () => unknown): number {
  try {
    action();
    return 0;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(errorName(error.code)).toBe("RATE_LIMITED");
    return error.retryAfterMs ?? Number.NaN;
  }
}

function admissionOf(triesPerMinute = 60) {
  const clock = { ms: 0 };
  return { clock, admission: new Admission(triesPerMinute, () => clock.ms) };
}

const stranger = (network: string, account = "ada"): Candidate => ({
  account,
  network,
  device: undefined,
});
const owner: Candidate = { account: "ada", network: "198.51.100.1", device: "adas phone" };

describe("a network", () => {
  test("may try so many passwords a minute, whatever names it tries them on", () => {
    const { clock, admission } = admissionOf(60);
    for (let tries = 0; tries < 60; tries += 1) expect(waitOf(() => admission.charge("n"))).toBe(0);
    expect(waitOf(() => admission.charge("n"))).toBe(1000);
    expect(waitOf(() => admission.charge("another"))).toBe(0);
    clock.ms += 1000;
    expect(waitOf(() => admission.charge("n"))).toBe(0);
    expect(waitOf(() => admission.charge("n"))).toBe(1000);
  });

  test("that is used up by others leaves a known device a few tries of its own", () => {
    const { admission } = admissionOf(1);
    admission.charge("n");
    expect(waitOf(() => admission.charge("n"))).toBeGreaterThan(0);
    for (let tries = 0; tries < 10; tries += 1) {
      expect(waitOf(() => admission.charge("n", "adas phone"))).toBe(0);
    }
    expect(waitOf(() => admission.charge("n", "adas phone"))).toBeGreaterThan(0);
  });
});

describe("wrong passwords", () => {
  test("make the next try from there wait, twice as long each time, up to a quarter of an hour", () => {
    const { clock, admission } = admissionOf();
    for (let tries = 0; tries < FREE_FAILURES; tries += 1) {
      expect(waitOf(() => admission.begin(stranger("n")))).toBe(0);
    }
    const waits: number[] = [];
    for (let tries = 0; tries < 13; tries += 1) {
      const waitMs = waitOf(() => admission.begin(stranger("n")));
      waits.push(waitMs / 1000);
      clock.ms += waitMs;
      admission.begin(stranger("n"));
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  test("elsewhere, or for another name, make nobody wait", () => {
    const { admission } = admissionOf();
    for (let tries = 0; tries < FREE_FAILURES; tries += 1) admission.begin(stranger("n"));
    expect(waitOf(() => admission.begin(stranger("n")))).toBeGreaterThan(0);
    expect(waitOf(() => admission.begin(stranger("m")))).toBe(0);
    expect(waitOf(() => admission.begin(stranger("n", "bob")))).toBe(0);
  });

  test("are forgotten after the right one", () => {
    const { admission } = admissionOf();
    for (let tries = 0; tries < FREE_FAILURES - 1; tries += 1) admission.begin(stranger("n"));
    admission.begin(stranger("n")).succeeded();
    for (let tries = 0; tries < FREE_FAILURES; tries += 1) {
      expect(waitOf(() => admission.begin(stranger("n")))).toBe(0);
    }
  });

  test("that were never checked do not count", () => {
    const { admission } = admissionOf();
    for (let tries = 0; tries < 1000; tries += 1) admission.begin(stranger("n")).withdrawn();
    expect(waitOf(() => admission.begin(stranger("n")))).toBe(0);
  });

  test("count from the beginning of a try, so that many at once bring no more than one after another", () => {
    const { admission } = admissionOf();
    const waits = Array.from({ length: 20 }, () => waitOf(() => admission.begin(stranger("n"))));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(FREE_FAILURES);
  });

  test("from a hundred networks make every stranger wait, but not the owner's known device", () => {
    const { clock, admission } = admissionOf();
    for (let network = 0; network < 100; network += 1) {
      expect(waitOf(() => admission.begin(stranger(`n${network}`)))).toBe(0);
    }
    const waitMs = waitOf(() => admission.begin(stranger("yet another")));
    expect(waitMs).toBeGreaterThan(60_000);
    expect(waitOf(() => admission.begin(stranger(owner.network)))).toBe(waitMs);
    expect(waitOf(() => admission.begin(owner))).toBe(0);
    // It ends by itself.
    clock.ms += waitMs;
    expect(waitOf(() => admission.begin(stranger("yet another")))).toBe(0);
  });

  test("of one network alone never make strangers elsewhere wait, however long it goes on", () => {
    const { clock, admission } = admissionOf();
    for (const end = clock.ms + 48 * HOUR_MS; clock.ms < end; ) {
      clock.ms += waitOf(() => admission.begin(stranger("attacker"))) || 1;
    }
    expect(waitOf(() => admission.begin(stranger("owner's new phone")))).toBe(0);
  });

  test("on the known device make that device wait", () => {
    const { admission } = admissionOf();
    for (let tries = 0; tries < FREE_FAILURES; tries += 1) admission.begin(owner);
    expect(waitOf(() => admission.begin(owner))).toBeGreaterThan(0);
    expect(waitOf(() => admission.begin({ ...owner, device: "adas laptop" }))).toBe(0);
    expect(waitOf(() => admission.begin(stranger(owner.network)))).toBe(0);
  });
});

describe("what is remembered", () => {
  test("never grows past its bound, and forgets first what is worth least", () => {
    const table = new BoundedTable<number>(100, (worth) => worth);
    table.set("much", 1000);
    for (let index = 0; index < 100_000; index += 1) table.set(`k${index}`, 1);
    expect(table.size).toBe(100);
    expect(table.get("much")).toBe(1000);
    expect(table.get("k99999")).toBe(1);
  });

  test("of a million networks that each try once is no more than of a few", () => {
    let nowMs = 0;
    const allowance = new Allowance({ burst: 2, perHour: 60, keys: 1000 }, () => nowMs);
    allowance.take("busy");
    allowance.take("busy");
    for (let index = 0; index < 20_000; index += 1) {
      nowMs += 0.01;
      expect(allowance.take(`n${index}`)).toBe(0);
    }
    // The one that had used up its allowance is not forgotten for the flood.
    expect(allowance.take("busy")).toBeGreaterThan(0);
  });

  test("of an account under attack outlasts a flood of names tried once", () => {
    const backOff = new BackOff(1000, () => 0);
    for (let tries = 0; tries < 30; tries += 1) backOff.failed("ada");
    for (let index = 0; index < 20_000; index += 1) backOff.failed(`n${index}`);
    expect(backOff.waitMs("ada")).toBe(LONGEST_WAIT_MS);
  });

  test("ends an hour after the last wait", () => {
    let nowMs = 0;
    const backOff = new BackOff(10, () => nowMs);
    for (let tries = 0; tries < 30; tries += 1) backOff.failed("ada");
    nowMs = LONGEST_WAIT_MS + HOUR_MS + 1;
    backOff.failed("ada");
    expect(backOff.waitMs("ada")).toBe(0);
  });
});
