/** The way of a message, built and joined: from the frame that brings it to the frames that show it. */
import { Channels } from "./channels/channels.ts";
import { Delivery } from "./channels/delivery.ts";
import { Membership } from "./channels/membership.ts";
import { Pacing } from "./channels/pacing.ts";
import { Presence } from "./channels/presence.ts";
import { Pressure } from "./channels/pressure.ts";
import { Ring } from "./channels/ring.ts";
import type { Config } from "./config.ts";
import type { Counters } from "./monitor/counters.ts";
import type { Log as EventLog } from "./monitor/log.ts";
import { Intake } from "./session/intake.ts";
import { receive } from "./session/receive.ts";
import type { Services } from "./session/services.ts";
import { Log } from "./store/log.ts";
import type { Store } from "./store/store.ts";
import { Subscriptions } from "./store/subscriptions.ts";
import type { Outgoing } from "./wire/encoding.ts";
import { messageTimeMs } from "./wire/message_time.ts";

/** A write takes some microseconds, so that a turn of the event loop takes a few milliseconds. */
const SOCKETS_PER_TURN = 500;

export interface MessagePathParts {
  readonly config: Config;
  readonly store: Store;
  readonly counters: Counters;
  readonly eventLog: EventLog;
  /** Sends a frame to all sockets of a topic. */
  readonly publish: (topic: string, frame: Outgoing) => void;
  /** Told why joins and leaves could not be written yet. */
  readonly notFlushed: (error: unknown) => void;
}

/** Builds everything that a message goes through between two sockets. Nothing of it needs an end of its own. */
export function messagePath(parts: MessagePathParts) {
  const { config, store, counters, eventLog, publish, notFlushed } = parts;
  const { writer } = store;
  const now = Date.now;
  const clockMs = () => performance.now();
  const ring = new Ring(config.ringBytes);
  const channels = new Channels(store.channels, {
    run: writer.run,
    limit: config.channels,
    now,
  });
  const subscriptions = new Subscriptions((changes) => writer.run("writeSubscriptions", changes));
  const membership = new Membership({
    channels,
    subscriptions,
    stored: store.subscriptionsOf,
    newestAccount: store.newestAccount,
    channelsPerUser: config.channelsPerUser,
    counters,
    changed: (channel, user) => presence.changed(channel, user),
    flushFailed: notFlushed,
  });
  const delivery = new Delivery({
    channels,
    ring,
    publish,
    counters,
    socketsPerTurn: SOCKETS_PER_TURN,
  });
  const intake = new Intake(delivery, receive);
  const pacing = new Pacing(config.paceCapMs);
  const pressure = new Pressure({ capMs: config.paceCapMs, clockMs });
  const presence = new Presence({
    publish,
    pressure,
    delivery,
    counters,
    socketsPerTurn: SOCKETS_PER_TURN,
    clockMs,
    schedule: (delayMs, task) => void setTimeout(task, delayMs).unref(),
  });

  const unflushed: Services["unflushed"] = new Set();
  const log = new Log({
    commit: (batch, entries) => writer.commit(batch, entries),
    probe: () => writer.probe(),
    deliver: (result) => delivery.deliver(result),
    showNext: () => delivery.showNext(),
    paceMs: (fanOutMs, messagesPerFrame) =>
      pressure.paced(pacing.waitMs(fanOutMs, messagesPerFrame)),
    settled: () => {
      for (const session of unflushed) session.flush();
    },
    shown: () => intake.carryOut(),
    // Bun writes what was published at the end of this turn of the event loop, and runs what was
    // set in a first `setImmediate` before that.
    afterWrites: (task) => void setImmediate(() => setImmediate(task)),
    timeOf: messageTimeMs,
    availability: (available, err) => {
      if (available) eventLog.info("the disk takes writes again");
      else eventLog.error({ err }, "the disk refuses writes; messages are refused until it does");
    },
    counters,
    queueBytes: config.queueBytes,
    clockMs,
    schedule: (delayMs, task) => {
      if (delayMs < 0.5) setImmediate(task);
      else setTimeout(task, delayMs);
    },
  });
  return { channels, membership, ring, delivery, presence, intake, log, unflushed };
}
