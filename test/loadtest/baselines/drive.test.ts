import { describe, expect, test } from "bun:test";
import { makePool } from "../../../loadtest/accounts.ts";
import { drive } from "../../../loadtest/baselines/drive.ts";
import type { Measurement } from "../../../loadtest/baselines/messages.ts";
import { rowOf } from "../../../loadtest/baselines/row.ts";
import { type Fault, FaultyServer } from "./faulty_server.ts";

/** What has not come by then does not come: the server is in this process. */
const PATIENCE = { silenceMs: 300, mostMs: 10_000 };

function driven(server: FaultyServer): Promise<Measurement> {
  const plan = {
    dialect: "plain",
    url: server.url,
    serverPid: process.pid,
    // With ten connections, each channel has four.
    accounts: makePool(10).users,
    messagesPerUserSecond: 10,
    seconds: 0.5,
    warmUp: { messagesPerUserSecond: 10, seconds: 0.3 },
    seed: 1,
  } as const;
  return drive(plan, PATIENCE);
}

async function drivenWith(fault: Fault) {
  await using server = new FaultyServer();
  server.fault = fault;
  const measurement = await driven(server);
  const { missing, surplus, settled } = measurement;
  const { isSound } = rowOf("raw-bun", 1, 1, measurement);
  return { missing, surplus, settled, isSound };
}

/** Something else for one delivery of one message after the warm-up. */
function once(then: (deliver: () => void) => void): Fault {
  let isDone = false;
  return (_, deliver, message) => {
    if (isDone || message < 100) return deliver();
    isDone = true;
    then(deliver);
  };
}

describe("a server that is driven", () => {
  test("and relays everything has nothing missing, and a latency for every delivery", async () => {
    await using server = new FaultyServer();
    const measurement = await driven(server);
    expect(measurement).toMatchObject({ missing: 0, surplus: 0, unanswered: 0, settled: "whole" });
    // Ten users, ten messages a second each, half a second; each message has four receivers.
    expect(measurement.messages).toBe(50);
    expect(measurement.deliveriesOffered).toBe(200);
    expect(measurement.latencyMs.count).toBe(200);
  });

  test("and drops one delivery is caught", async () => {
    const found = await drivenWith(once(() => {}));
    expect(found).toEqual({ missing: 1, surplus: 0, settled: "missing", isSound: false });
  });

  test("and delivers one twice is caught", async () => {
    const found = await drivenWith(
      once((deliver) => {
        deliver();
        deliver();
      }),
    );
    expect(found).toEqual({ missing: 0, surplus: 1, settled: "whole", isSound: false });
  });

  test("and delivers late is not taken for one that drops", async () => {
    await using server = new FaultyServer();
    const LATE_MS = 150;
    server.fault = (_, deliver) => void setTimeout(deliver, LATE_MS);
    const measurement = await driven(server);
    expect(measurement).toMatchObject({ missing: 0, surplus: 0, settled: "whole" });
    // Timers may fire up to a millisecond early.
    expect(measurement.latencyMs.p50).toBeGreaterThan(LATE_MS - 2);
  });

  test("and cuts a connection off ends the measurement with a sentence", async () => {
    await using server = new FaultyServer();
    server.fault = once(() => server.cutAll());
    await expect(driven(server)).rejects.toThrow("a connection ended: 1006");
  });

  test("and is not there ends it, too", async () => {
    const server = new FaultyServer();
    await server[Symbol.asyncDispose]();
    await expect(driven(server)).rejects.toThrow("a connection ended: UNREACHABLE");
  });
});
