import { describe, expect, test } from "bun:test";
import { type Frames, Pacer } from "../../../src/web/chat/messages/pacer.ts";

/** A page whose time and frames the test makes pass. */
class FakePage implements Frames {
  #nowMs = 0;
  #frame: (() => void) | undefined;
  #timers: { atMs: number; call: () => void }[] = [];

  readonly next = (call: () => void) => {
    this.#frame = call;
    return () => {
      this.#frame = undefined;
    };
  };
  readonly after = (ms: number, call: () => void) => {
    const timer = { atMs: this.#nowMs + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };
  readonly nowMs = () => this.#nowMs;

  /** A frame, which takes so long; returns whether anybody wanted it. */
  frame(costMs: number): boolean {
    const call = this.#frame;
    this.#frame = undefined;
    call?.();
    this.wait(costMs);
    return call !== undefined;
  }

  wait(ms: number): void {
    this.#nowMs += ms;
    for (let due = this.#due(); due; due = this.#due()) {
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.call();
    }
  }

  #due() {
    return this.#timers.find(({ atMs }) => atMs <= this.#nowMs);
  }
}

function paced() {
  const page = new FakePage();
  const rendered: number[] = [];
  const pacer = new Pacer(page, () => rendered.push(page.nowMs()));
  return { page, pacer, rendered };
}

describe("rendering", () => {
  test("happens once a frame, however much has come", () => {
    const { page, pacer, rendered } = paced();
    for (let times = 0; times < 1000; times++) pacer.request();
    expect(page.frame(2)).toBe(true);
    expect(page.frame(2)).toBe(false);
    expect(rendered).toHaveLength(1);
  });

  test("goes on with the next frame after one that took little", () => {
    const { page, pacer } = paced();
    pacer.request();
    page.frame(4);
    pacer.request();
    expect(page.frame(4)).toBe(true);
  });

  test("pauses as long as a frame took, so that half of the time is left", () => {
    const { page, pacer, rendered } = paced();
    pacer.request();
    page.frame(60);
    pacer.request();
    expect(page.frame(0)).toBe(false);
    page.wait(59);
    expect(page.frame(0)).toBe(false);
    page.wait(1);
    expect(page.frame(0)).toBe(true);
    expect(rendered).toEqual([0, 120]);
  });

  test("never pauses longer than half a second", () => {
    const { page, pacer } = paced();
    pacer.request();
    page.frame(5000);
    pacer.request();
    page.wait(500);
    expect(page.frame(0)).toBe(true);
  });

  test("stops when it is told to, also during a pause", () => {
    const { page, pacer, rendered } = paced();
    pacer.request();
    page.frame(60);
    pacer.request();
    pacer.stop();
    page.wait(1000);
    expect(page.frame(0)).toBe(false);
    expect(rendered).toHaveLength(1);
  });
});
