import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fifo } from "../../src/channels/fifo.ts";

describe("first in, first out", () => {
  test("is like an array, whatever is pushed and taken", () => {
    const steps = fc.array(fc.integer({ min: -40, max: 40 }), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.nat(), (steps, look) => {
        const fifo = new Fifo<number>();
        const array: number[] = [];
        let next = 0;
        for (const step of steps) {
          for (let count = 0; count < step; count++) {
            fifo.push(next);
            array.push(next++);
          }
          for (let count = 0; count > step; count--) expect(fifo.shift()).toBe(array.shift());
          expect(fifo.length).toBe(array.length);
          const index = array.length === 0 ? 0 : look % array.length;
          expect(fifo.at(index)).toBe(array[index]);
          expect(fifo.at(array.length)).toBeUndefined();
          expect(fifo.at(-1)).toBeUndefined();
        }
      }),
    );
  });

  test("gives its slots up and goes on where it was", () => {
    const fifo = new Fifo<number>();
    for (let item = 0; item < 10_000; item++) fifo.push(item);
    for (let item = 0; item < 9_000; item++) expect(fifo.shift()).toBe(item);
    expect([fifo.length, fifo.at(0), fifo.at(999)]).toEqual([1_000, 9_000, 9_999]);
    fifo.push(10_000);
    expect(fifo.at(1_000)).toBe(10_000);
    for (let item = 9_000; item <= 10_000; item++) expect(fifo.shift()).toBe(item);
    expect(fifo.shift()).toBeUndefined();
  });
});
