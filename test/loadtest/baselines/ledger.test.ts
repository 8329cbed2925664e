import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CHANNELS, channelsOf, receiverCounts } from "../../../loadtest/baselines/crowd.ts";
import { Ledger } from "../../../loadtest/baselines/ledger.ts";
import { addCounts, latencyOf, newHistogram } from "../../../loadtest/percentiles.ts";

const ORIGIN_US = 1_700_000_000_000_000;

/** What each connection receives where every message comes once. */
function deliveriesOf(connections: number, messages: readonly (readonly [number, number])[]) {
  return Array.from({ length: connections }, (_, connection) => {
    const own = channelsOf(connection);
    return messages
      .filter(([channel]) => own.includes(channel))
      .map(([channel, dueUs]) => ({ connection, channel, dueUs }));
  }).flat();
}

const crowd = fc.integer({ min: 1, max: 23 });
const messages = fc.uniqueArray(
  fc.tuple(
    fc.integer({ min: 0, max: CHANNELS - 1 }),
    fc.integer({ min: ORIGIN_US, max: ORIGIN_US + 100_000_000 }),
  ),
  { minLength: 1, maxLength: 60, selector: ([, dueUs]) => dueUs },
);

function ledgerOf(connections: number, sent: readonly (readonly [number, number])[]): Ledger {
  const ledger = new Ledger(connections, ORIGIN_US);
  for (const [channel, dueUs] of sent) ledger.sent(channel, dueUs);
  return ledger;
}

describe("the ledger", () => {
  test("finds nothing where everything comes once, in whatever order", () => {
    fc.assert(
      fc.property(
        crowd,
        messages.chain((sent) => fc.tuple(fc.constant(sent), fc.infiniteStream(fc.nat()))),
        (connections, [sent, order]) => {
          const ledger = ledgerOf(connections, sent);
          const deliveries = deliveriesOf(connections, sent)
            .map((delivery) => ({ delivery, place: order.next().value as number }))
            .sort((a, b) => a.place - b.place);
          for (const { delivery } of deliveries) {
            ledger.took(delivery.connection, delivery.channel, delivery.dueUs, delivery.dueUs + 1);
          }
          expect(ledger.received).toBe(ledger.owed);
          expect(ledger.balance()).toEqual({ missing: 0, surplus: 0 });
        },
      ),
    );
  });

  test("counts what does not come, and what comes twice", () => {
    fc.assert(
      fc.property(crowd, messages, fc.array(fc.nat({ max: 3 })), (connections, sent, times) => {
        const ledger = ledgerOf(connections, sent);
        let missing = 0;
        let surplus = 0;
        // One fault for each connection and channel at most: faults of one kind add up, and
        // opposite ones are the next test's.
        const faulty = new Set<number>();
        deliveriesOf(connections, sent).forEach(({ connection, channel, dueUs }, index) => {
          const place = connection * CHANNELS + channel;
          const copies = faulty.has(place) ? 1 : (times[index] ?? 1);
          if (copies !== 1) faulty.add(place);
          if (copies === 0) missing += 1;
          if (copies > 1) surplus += copies - 1;
          for (let copy = 0; copy < copies; copy++) ledger.took(connection, channel, dueUs, dueUs);
        });
        expect(ledger.balance()).toEqual({ missing, surplus });
      }),
    );
  });

  test("sees a message that came twice in the place of another", () => {
    const ledger = ledgerOf(1, [
      [0, ORIGIN_US + 5],
      [0, ORIGIN_US + 8],
    ]);
    ledger.took(0, 0, ORIGIN_US + 5, ORIGIN_US + 9);
    ledger.took(0, 0, ORIGIN_US + 5, ORIGIN_US + 9);
    expect(ledger.received).toBe(ledger.owed);
    expect(ledger.balance()).toEqual({ missing: 1, surplus: 1 });
  });

  test("sees a message of a channel that the receiver is not in", () => {
    const ledger = ledgerOf(1, [[9, ORIGIN_US + 5]]);
    ledger.took(0, 9, ORIGIN_US + 5, ORIGIN_US + 9);
    expect(ledger.balance()).toEqual({ missing: 0, surplus: 1 });
  });

  test("counts the latencies of what was due in the window, whenever it came", () => {
    const ledger = new Ledger(1, ORIGIN_US);
    ledger.watch({ fromUs: ORIGIN_US + 1000, toUs: ORIGIN_US + 2000 });
    for (const afterUs of [999, 1000, 1999, 2000]) {
      ledger.sent(0, ORIGIN_US + afterUs);
      ledger.took(0, 0, ORIGIN_US + afterUs, ORIGIN_US + 9_000_000);
    }
    expect(ledger).toMatchObject({ windowMessages: 2, windowOwed: 2, owed: 4 });
    const histogram = newHistogram();
    addCounts(histogram, ledger.latency.take());
    expect(latencyOf(histogram)).toMatchObject({ count: 2 });
  });
});

test("every channel has the same receivers, four tenths of the connections", () => {
  expect(receiverCounts(1000)).toEqual(Array.from({ length: CHANNELS }, () => 400));
  expect(receiverCounts(10)).toEqual(Array.from({ length: CHANNELS }, () => 4));
});
