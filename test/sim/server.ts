import type { Database } from "bun:sqlite";
import { type Channel, LANES } from "../../src/channels/channel.ts";
import { Channels } from "../../src/channels/channels.ts";
import { Delivery } from "../../src/channels/delivery.ts";
import { Membership } from "../../src/channels/membership.ts";
import { Pacing } from "../../src/channels/pacing.ts";
import { Presence } from "../../src/channels/presence.ts";
import { Pressure } from "../../src/channels/pressure.ts";
import { Ring } from "../../src/channels/ring.ts";
import { watchTopic } from "../../src/channels/watched_channel.ts";
import type { Config } from "../../src/config.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { createLog } from "../../src/monitor/log.ts";
import { Budgets } from "../../src/session/budget.ts";
import { greetingOf } from "../../src/session/greeting.ts";
import { Intake } from "../../src/session/intake.ts";
import { receive } from "../../src/session/receive.ts";
import type { Services } from "../../src/session/services.ts";
import { Session } from "../../src/session/session.ts";
import { Sessions } from "../../src/session/sessions.ts";
import { Log } from "../../src/store/log.ts";
import { Subscriptions } from "../../src/store/subscriptions.ts";
import type { Encoding, Incoming } from "../../src/wire/encoding.ts";
import { messageTimeMs } from "../../src/wire/message_time.ts";
import type { FakeClock } from "./fake_clock.ts";
import type { FakeDisk } from "./fake_disk.ts";
import { FakeSocket, TopicBus } from "./fake_socket.ts";
import { FakeStore } from "./fake_store.ts";
import type { File } from "./file.ts";
import type { Model } from "./model.ts";
import { Stream } from "./stream.ts";

const eventLog = createLog("silent", "json");

/** As if a delivery took that long, so that there is something to pace. */
const DELIVERY_MS = 0.5;

interface Options {
  readonly config: Config;
  readonly db: Database;
  readonly file: File;
  readonly disk: FakeDisk;
  readonly clock: FakeClock;
  readonly model: Model;
}

/** Frames that have come and wait to be carried out. */
interface Arrived {
  readonly socket: FakeSocket;
  readonly waiting: (() => void)[];
}

/** A connection as the server has it, and who watches it there. */
export interface Accepted {
  readonly socket: FakeSocket;
  readonly session: Session;
  readonly stream: Stream;
  /** @param hear called when the frame is carried out. */
  readonly receive: (data: Incoming, hear: () => void) => void;
}

/**
 * One life of the server: what serve.ts builds and how it stops, with fakes where serve.ts has
 * threads, timers and sockets.
 */
export class Server {
  readonly store: FakeStore;
  readonly channels: Channels;
  readonly membership: Membership;
  readonly counters = new Counters();
  readonly bus = new TopicBus();
  readonly accepted = new Set<Accepted>();
  readonly #options: Options;
  readonly #log: Log;
  readonly #services: Services;
  readonly #intake: Intake;
  readonly #delivery: Delivery;
  readonly #arrived = new WeakMap<Session, Arrived>();
  /** Of the channels of the batch that is being delivered. */
  #headsBefore: ReadonlyMap<number, number> = new Map();
  readonly #sessions = new Sessions();
  #isStopping = false;

  constructor(options: Options) {
    const { config, db, file, disk, clock, model } = options;
    const { counters } = this;
    this.#options = options;
    const store = new FakeStore(db, file, disk);
    this.store = store;
    const channels = new Channels(file.channels(), {
      run: store.run,
      limit: config.channels,
      now: clock.nowMs,
    });
    this.channels = channels;
    this.membership = new Membership({
      channels,
      subscriptions: new Subscriptions((changes) => {
        model.checkFlush(changes);
        return store.run("writeSubscriptions", changes);
      }),
      stored: (account) => [...file.subscriptions(account)],
      // Every account is made before the first start.
      newestAccount: Number.POSITIVE_INFINITY,
      channelsPerUser: config.channelsPerUser,
      counters,
      changed: (channel, user) => presence.changed(channel, user),
      flushFailed: () => {},
    });
    const ring = new Ring(config.ringBytes);
    const delivery = new Delivery({
      channels,
      ring,
      publish: this.bus.publish,
      counters,
      // So that next to every delivery takes several turns.
      socketsPerTurn: 1,
    });
    this.#delivery = delivery;
    this.#intake = new Intake(delivery, (session) => {
      const { socket, waiting } = this.#arrived.get(session) as Arrived;
      const carryOut = waiting.shift();
      // A peer that is gone cannot be heard of any more: as if the frame had been lost on its way.
      if (socket.isOpen) carryOut?.();
    });
    const unflushed: Services["unflushed"] = new Set();
    const pacing = new Pacing(config.paceCapMs);
    const pressure = new Pressure({ capMs: config.paceCapMs, clockMs: clock.nowMs });
    const presence = new Presence({
      publish: this.bus.publish,
      pressure,
      delivery,
      counters,
      // So that most pictures take several turns, and some have to wait.
      bytesPerSecond: 500,
      socketsPerTurn: 1,
      clockMs: clock.nowMs,
      schedule: (delayMs, task) => clock.schedule(Math.ceil(delayMs), task),
    });
    let fanOutMs = 0;
    let lane = 0;
    this.#log = new Log({
      commit: store.commit,
      probe: store.probe,
      deliver: (result) => {
        try {
          const heads = result.channels.map(({ channel, first }) => [channel, first - 1] as const);
          this.#headsBefore = new Map(heads);
          delivery.deliver(result);
          fanOutMs = 0;
        } catch (error) {
          model.verdict.must(false, `${error}`);
          throw error;
        }
      },
      showNext: () => {
        const before = counters.deliveriesOut;
        const hasMore = delivery.showNext();
        fanOutMs += (counters.deliveriesOut - before) * DELIVERY_MS;
        return hasMore;
      },
      // The file keeps whole milliseconds.
      paceMs: (_, perFrame) => Math.ceil(pressure.paced(pacing.waitMs(fanOutMs, perFrame))),
      afterWrites: (task) => clock.schedule(0, task),
      shown: () => this.#intake.carryOut(),
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
    this.#services = {
      channels,
      membership: this.membership,
      ring,
      delivery,
      presence,
      log: this.#log,
      history: store.history,
      counters,
      eventLog,
      config,
      budgets: new Budgets(config, clock.nowMs),
      get monitoring(): never {
        throw new Error("sim: nobody here is a monitor");
      },
      nextLane: () => lane++ % LANES,
      unflushed,
      greeting: greetingOf(config, "log", "0"),
      now: clock.nowMs,
      clockMs: clock.nowMs,
    };
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Takes a connection, or refuses it as the upgrade does. */
  accept(accountId: number, encoding: Encoding): Accepted | undefined {
    const { config, model } = this.#options;
    const isFull = this.membership.connectionsOf(accountId) >= config.sessionsPerUser;
    if (this.#isStopping || isFull) return undefined;
    const headOf = (id: number) => this.channels.get(id)?.head;
    const shownOf = (id: number) => {
      const before = this.#delivery.isShown(session.lane) ? undefined : this.#headsBefore.get(id);
      return before ?? headOf(id);
    };
    const watchedOf = (id: number) => this.channels.get(id)?.watched;
    const stream = new Stream(model, accountId, { headOf, shownOf, watchedOf });
    const socket = new FakeSocket({
      bus: this.bus,
      backpressureBytes: config.outboundBytes * 2,
      observe: (frame) => stream.sends(frame),
      onClose: (code) => {
        stream.closed();
        this.accepted.delete(accepted);
        this.#sessions.closed(session, `${code}`);
      },
    });
    const identity = {
      accountId,
      name: `user-${accountId}`,
      role: "user",
      sessionId: "",
      epoch: 0,
    } as const;
    const session = new Session(identity, encoding, socket, this.#services);
    const waiting: (() => void)[] = [];
    this.#arrived.set(session, { socket, waiting });
    const accepted: Accepted = {
      socket,
      session,
      stream,
      receive: (data, hear) => {
        waiting.push(() => {
          hear();
          receive(session, data);
        });
        this.#intake.take(session, data);
      },
    };
    this.accepted.add(accepted);
    this.#sessions.opened(session);
    return accepted;
  }

  /** Removes some of a channel's oldest messages, as `Retention` does. */
  async trim(channel: Channel, upTo: number, most: number): Promise<void> {
    const { head, id } = channel;
    const order = { channel: id, head, upToSeq: Math.min(upTo, head), upToRow: 0, bytes: 0 };
    const { trimmed } = await this.store.run("trim", [order], most);
    for (const { gone } of trimmed) channel.gone = gone;
  }

  checkSlow(): void {
    this.#sessions.checkSlow(this.#options.config.outboundBytes);
  }

  /** The same steps in the same order as in serve.ts. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#sessions.announceGoingAway();
    await this.#log.close();
    this.#sessions.closeAll();
    await this.membership.flush();
  }

  /** Checks what is held in memory, when no callback is under way. */
  check(): void {
    const { model } = this.#options;
    const { must } = model.verdict;
    model.checkMemory(this.channels.page(0, Number.MAX_SAFE_INTEGER).channels);
    for (const channel of this.channels.page(0, Number.MAX_SAFE_INTEGER).channels) {
      for (const encoding of ["binary", "json"] as const) {
        for (let lane = 0; lane < LANES; lane++) {
          const topic = channel.topic(encoding, lane);
          const isRight = channel.receivers(encoding, lane) === this.bus.of(topic).size;
          must(isRight, `${topic} counts its receivers wrong`);
          const watchers = this.bus.of(watchTopic(channel, encoding, lane)).size;
          const counted = channel.watched?.watchers(encoding, lane) ?? 0;
          must(counted === watchers, `${topic} counts its watchers wrong`);
        }
      }
    }
    for (const { session, stream } of this.accepted) {
      const ids = [...session.user.channels.keys()].sort().join();
      const expected = [...model.channels(stream.account)].sort().join();
      must(ids === expected, `a session of ${stream.account} has channels ${ids}, not ${expected}`);
      stream.check();
    }
    const accounts = Map.groupBy(this.accepted, ({ stream }) => stream.account);
    for (const account of model.channelsOf.keys()) {
      const count = accounts.get(account)?.length ?? 0;
      must(this.membership.connectionsOf(account) === count, `connections of ${account}`);
    }
    must(this.counters.connections === this.accepted.size, "connections are counted wrong");
    must(this.counters.activeAccounts === accounts.size, "active accounts are counted wrong");
  }
}
