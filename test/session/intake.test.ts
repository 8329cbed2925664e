import { beforeEach, describe, expect, test } from "bun:test";
import { Intake } from "../../src/session/intake.ts";
import type { Session } from "../../src/session/session.ts";
import type { Incoming } from "../../src/wire/encoding.ts";

/** A delivery that is over after so many turns. */
class FakeDelivery {
  turnsLeft = 0;

  get isUnderWay(): boolean {
    return this.turnsLeft > 0;
  }

  showNext(): boolean {
    this.turnsLeft -= 1;
    return this.turnsLeft > 0;
  }
}

let delivery: FakeDelivery;
let carriedOut: Incoming[];
let intake: Intake;
beforeEach(() => {
  delivery = new FakeDelivery();
  carriedOut = [];
  intake = new Intake(delivery, (_, data) => carriedOut.push(data));
});

/** The intake asks of a session whether it is open, and nothing else. */
function session(): { isOpen: boolean } & Session {
  return { isOpen: true } as { isOpen: boolean } & Session;
}

describe("what clients send", () => {
  test("is carried out at once while nothing is being delivered", () => {
    intake.take(session(), "a");
    expect(carriedOut).toEqual(["a"]);
  });

  test("waits while a batch is being delivered, and is carried out in the order of its coming", () => {
    delivery.turnsLeft = 3;
    const [one, other] = [session(), session()];
    intake.take(one, "a");
    intake.take(other, "b");
    delivery.turnsLeft = 0;
    // Delivered, but not written yet: what comes now must not overtake what came before.
    intake.take(one, "c");
    expect(carriedOut).toEqual([]);
    intake.carryOut();
    expect(carriedOut).toEqual(["a", "b", "c"]);
    intake.take(other, "d");
    expect(carriedOut).toEqual(["a", "b", "c", "d"]);
  });

  test("is dropped with its connection", () => {
    delivery.turnsLeft = 1;
    const [gone, here] = [session(), session()];
    intake.take(gone, "a");
    intake.take(here, "b");
    gone.isOpen = false;
    delivery.turnsLeft = 0;
    intake.carryOut();
    expect(carriedOut).toEqual(["b"]);
  });

  test("goes on, after each frame, with what the frame has begun", () => {
    const happened: string[] = [];
    intake = new Intake(delivery, (_, data) => {
      happened.push(`${data} begins`);
      void Promise.resolve().then(() => happened.push(`${data} goes on`));
    });
    delivery.turnsLeft = 1;
    intake.take(session(), "a");
    intake.take(session(), "b");
    delivery.turnsLeft = 0;
    intake.carryOut();
    expect(happened).toEqual(["a begins", "a goes on", "b begins", "b goes on"]);
  });

  test("waits within a bound of bytes; beyond it the delivery is finished for its sake", () => {
    delivery.turnsLeft = 1000;
    const frame = new Uint8Array(1024 * 1024);
    for (let count = 0; count < 15; count++) intake.take(session(), frame);
    expect([carriedOut.length, delivery.turnsLeft]).toEqual([0, 1000]);
    intake.take(session(), frame);
    expect([carriedOut.length, delivery.turnsLeft]).toEqual([16, 0]);
  });

  test("is counted for what it costs, however empty it is", () => {
    delivery.turnsLeft = 1000;
    const empty = new Uint8Array(0);
    let taken = 0;
    while (carriedOut.length === 0 && taken < 1_000_000) {
      intake.take(session(), empty);
      taken += 1;
    }
    expect(carriedOut).toHaveLength(taken);
    expect(taken).toBeLessThan(100_000);
  });
});
