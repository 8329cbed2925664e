import type { Database } from "bun:sqlite";
import { Channels } from "../../src/channels/channels.ts";
import { Delivery } from "../../src/channels/delivery.ts";
import { Membership } from "../../src/channels/membership.ts";
import { paceMs } from "../../src/channels/pacing.ts";
import { Ring } from "../../src/channels/ring.ts";
import type { User } from "../../src/channels/user.ts";
import type { Config } from "../../src/config.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { createLog } from "../../src/monitor/log.ts";
import { UserBudget } from "../../src/session/budget.ts";
import { greetingOf } from "../../src/session/greeting.ts";
import { receive } from "../../src/session/receive.ts";
import type { Services } from "../../src/session/services.ts";
import { Session } from "../../src/session/session.ts";
import { Sessions } from "../../src/session/sessions.ts";
import { Committer } from "../../src/store/committer.ts";
import { type Jobs, jobs, type RunJob, type SubscriptionChange } from "../../src/store/jobs.ts";
import { Log } from "../../src/store/log.ts";
import { Subscriptions } from "../../src/store/subscriptions.ts";
import type { Encoding, Incoming } from "../../src/wire/encoding.ts";
import { messageTimeMs } from "../../src/wire/message_time.ts";
import type { FakeClock } from "./fake_clock.ts";
import type { FakeDisk } from "./fake_disk.ts";
import { FakeSocket, TopicBus } from "./fake_socket.ts";
import { FakeThread } from "./fake_thread.ts";
import type { File } from "./file.ts";
import type { Model } from "./model.ts";
import { Stream } from "./stream.ts";

/** Of the reader's pages; small, so that there are many. */
const PAGE_BYTES = 600;

const eventLog = createLog("silent", "json");

interface Options {
  readonly config: Config;
  readonly db: Database;
  readonly file: File;
  readonly disk: FakeDisk;
  readonly clock: FakeClock;
  readonly model: Model;
}

/** A connection as the server has it. */
export interface Accepted {
  readonly socket: FakeSocket;
  readonly session: Session;
  readonly stream: Stream;
}

/**
 * One life of the server: everything that serve.ts builds, with the same calls in the same order,
 * and with fakes where serve.ts has threads, timers and sockets.
 */
export class Server {
  readonly writer = new FakeThread();
  readonly reader = new FakeThread();
  readonly counters = new Counters();
  readonly bus = new TopicBus();
  readonly channels: Channels;
  readonly accepted = new Set<Accepted>();
  readonly #options: Options;
  readonly #membership: Membership;
  readonly #log: Log;
  readonly #services: Services;
  readonly #sessions = new Sessions();
  isStopping = false;

  constructor(options: Options) {
    const { config, db, file, disk, clock, model } = options;
    const { counters, writer } = this;
    this.#options = options;
    const tasks = jobs(db);
    const committer = new Committer(db);
    const run: RunJob = (name, ...args) =>
      // As in writer.worker.ts: name and arguments were checked together.
      writer.call(() =>
        disk.write(() =>
          db.transaction(() => (tasks[name] as (...args: unknown[]) => never)(...args)).immediate(),
        ),
      );
    this.channels = new Channels(file.channels(), {
      run,
      limit: config.channels,
      now: clock.nowMs,
    });
    const { channels } = this;
    const subscriptions = new Subscriptions((changes) => {
      this.#checkChanges(changes);
      return run("writeSubscriptions", changes);
    });
    this.#membership = new Membership({
      channels,
      subscriptions,
      stored: (account) => [...file.subscriptions(account)],
      channelsPerUser: config.channelsPerUser,
      counters,
      flushFailed: () => {},
    });
    const ring = new Ring(config.ringBytes);
    const delivery = new Delivery({ channels, ring, publish: this.bus.publish, counters });
    const unflushed: Services["unflushed"] = new Set();
    this.#log = new Log({
      commit: (batch, entries) =>
        writer.call(() => disk.write(() => committer.commit(batch, entries))),
      probe: () => writer.call(() => disk.write(() => committer.probe())),
      deliver: (result) => paceMs(delivery.deliver(result) * 400, config.paceCapMs),
      settled: () => {
        for (const session of unflushed) session.flush();
      },
      timeOf: messageTimeMs,
      availability: () => {},
      counters,
      queueBytes: config.queueBytes,
      clockMs: clock.nowMs,
      schedule: clock.schedule,
    });
    const budgets = new WeakMap<User, UserBudget>();
    this.#services = {
      channels,
      membership: this.#membership,
      ring,
      log: this.#log,
      history: {
        after: (channel, after, head, limit) =>
          this.reader.call(() =>
            disk.read(() =>
              file.page("first", { channel, from: after + 1, to: head }, limit, PAGE_BYTES),
            ),
          ),
        before: (channel, before, limit) =>
          this.reader.call(() =>
            disk.read(() =>
              file.page("last", { channel, from: 1, to: before - 1 }, limit, PAGE_BYTES),
            ),
          ),
      },
      counters,
      eventLog,
      config,
      budgetOf(user) {
        const budget = budgets.get(user) ?? new UserBudget(config, clock.nowMs());
        budgets.set(user, budget);
        return budget;
      },
      measure: () => {
        throw new Error("sim: there is no monitor here");
      },
      unflushed,
      greeting: greetingOf(config, "log", "0"),
      now: clock.nowMs,
      clockMs: clock.nowMs,
    };
    this.#headOf = (channel) => channels.get(channel)?.head;
    model.serverStarted?.();
  }

  /** Takes a connection, or refuses it. */
  accept(accountId: number, encoding: Encoding): Accepted | undefined {
    const { config, model } = this.#options;
    if (this.isStopping) return undefined;
    if (this.#membership.connectionsOf(accountId) >= config.sessionsPerUser) return undefined;
    const headOf = (channel: number) => this.channels.get(channel)?.head;
    const stream = new Stream(model, accountId, headOf);
    const socket = new FakeSocket({
      bus: this.bus,
      backpressureBytes: config.outboundBytes * 2,
      observe: (frame) => stream.sends(frame),
      onClose: (code) => {
        stream.closed();
        this.accepted.delete(accepted);
        this.#sessions.closed(session, code);
      },
    });
    const identity = { accountId, name: `user-${accountId}`, role: "user", sessionId: "1" } as const;
    const session = new Session(identity, encoding, socket, this.#services);
    const accepted = { socket, session, stream };
    this.accepted.add(accepted);
    this.#sessions.opened(session);
    return accepted;
  }

  receive({ session }: Accepted, data: Incoming): void {
    receive(session, data);
  }
}
