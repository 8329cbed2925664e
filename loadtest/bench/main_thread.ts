import { Channels } from "../../src/channels/channels.ts";
import { Membership } from "../../src/channels/membership.ts";
import { Ring } from "../../src/channels/ring.ts";
import type { Config } from "../../src/config.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { createLog } from "../../src/monitor/log.ts";
import { Budgets } from "../../src/session/budget.ts";
import { greetingOf } from "../../src/session/greeting.ts";
import { receive } from "../../src/session/receive.ts";
import type { Services } from "../../src/session/services.ts";
import { Session, type Socket } from "../../src/session/session.ts";
import type { CommitResult } from "../../src/store/committer.ts";
import { Log } from "../../src/store/log.ts";
import { Subscriptions } from "../../src/store/subscriptions.ts";
import { binary } from "../../src/wire/binary.ts";
import type { Outgoing } from "../../src/wire/encoding.ts";

const CHANNELS = 10;

/** The main thread's part of the server, between a socket and a writer that do nothing. */
export class MainThread {
  readonly #sessions: readonly Session[];
  #handOver: () => void = () => {};
  #shown: () => void = () => {};

  constructor(connections: number) {
    const rows = Array.from({ length: CHANNELS }, (_, index) => ({
      id: index + 1,
      name: `channel_${index + 1}`,
      head: 0,
      members: connections,
    }));
    const counters = new Counters();
    const nothing = () => Promise.reject(new Error("bench: nothing is stored here"));
    const clockMs = () => performance.now();
    const config = {
      bodyBytes: 16_384,
      outboundBytes: 1 << 20,
      channelsPerUser: CHANNELS,
      messagesPerSecond: 1e9,
      messageBurst: 1e9,
      commandsPerSecond: 1e9,
      commandBurst: 1e9,
      newChannelsPerHour: 20,
      refusalsBeforeClose: 100,
      durability: "synced",
    } as Config;
    const channels = new Channels(rows, { run: nothing, limit: CHANNELS, now: clockMs });
    const membership = new Membership({
      channels,
      subscriptions: new Subscriptions(nothing),
      stored: () => rows.map(({ id }) => id),
      newestAccount: connections,
      channelsPerUser: CHANNELS,
      counters,
      changed() {},
      flushFailed() {},
    });
    const unflushed: Services["unflushed"] = new Set();
    const log = new Log({
      commit: async (_, entries) => kept(entries),
      probe: nothing,
      deliver() {},
      showNext: () => false,
      paceMs: () => 0,
      settled: () => {
        for (const session of unflushed) session.flush();
      },
      shown: () => this.#shown(),
      afterWrites: (task) => task(),
      timeOf: () => 0,
      availability() {},
      counters,
      queueBytes: Number.POSITIVE_INFINITY,
      clockMs,
      schedule: (_, task) => {
        this.#handOver = task;
      },
    });
    const services: Services = {
      channels,
      membership,
      ring: new Ring(0),
      delivery: { isShown: () => true, over: () => Promise.resolve() },
      presence: { watch() {}, unwatch() {}, typed() {}, sent() {} },
      log,
      history: { after: nothing, before: nothing },
      counters,
      eventLog: createLog("silent", "json"),
      config,
      budgets: new Budgets(config, clockMs),
      get monitoring(): never {
        throw new Error("bench: nobody here is a monitor");
      },
      nextLane: () => 0,
      unflushed,
      greeting: greetingOf(config, "log", "0"),
      now: Date.now,
      clockMs,
    };
    this.#sessions = Array.from({ length: connections }, (_, index) => {
      const name = `user_${index + 1}`;
      const identity = {
        accountId: index + 1,
        name,
        role: "user",
        sessionId: "",
        epoch: 0,
      } as const;
      const session = new Session(identity, binary, new DeafSocket(), services);
      session.opened();
      return session;
    });
  }

  /** Every connection's next frame. */
  receive(frames: readonly Uint8Array[]): void {
    for (let index = 0; index < this.#sessions.length; index++) {
      receive(this.#sessions[index] as Session, frames[index] as Uint8Array);
    }
  }

  /** Hands the batch over; resolves when all senders have been told. */
  settle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#shown = resolve;
    this.#handOver();
    return promise;
  }
}

/** As if every message of a batch had been committed. */
function kept(entries: number): CommitResult {
  const seqs = new Uint32Array(entries).map((_, index) => index + 1);
  const outcomes = new Uint8Array(entries);
  return { outcomes, seqs, duplicates: [], records: new Uint8Array(0), channels: [], commitMs: 0 };
}

class DeafSocket implements Socket {
  send(_frame: Outgoing): void {}
  cork(send: () => void): void {
    send();
  }
  subscribe(): void {}
  unsubscribe(): void {}
  close(): void {
    throw new Error("bench: a connection was closed");
  }
  getBufferedAmount(): number {
    return 0;
  }
}
