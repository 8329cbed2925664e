import type {
  Channel,
  GoingAway,
  HistoryBegins,
  Message,
  Welcome,
} from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Event } from "../wire/gen/hubbub/v1/frames_pb.ts";
import { CatchUp } from "./catch_up.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { HubbubError } from "./errors.ts";
import type { Listeners } from "./events.ts";
import type { Membership, Memberships } from "./memberships.ts";
import type { Outbox } from "./outbox.ts";
import type { WatchList } from "./watch_list.ts";

interface Options {
  readonly memberships: Memberships;
  readonly outbox: Outbox;
  readonly watchList: WatchList;
  readonly listeners: Listeners;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onWelcome: (welcome: Welcome) => void;
  /** What was missed has come: delivery is live. */
  readonly onLive: () => void;
  readonly onGoingAway: (notice: GoingAway) => void;
}

/** Takes in what one connection brings, and hands on what the application has not seen yet. */
export class Intake {
  readonly #options: Options;
  #connection: Connection | undefined;
  #catchUp: CatchUp | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** To be called once, before anything can have arrived. */
  attach(connection: Connection): void {
    const { memberships, clock, random, listeners } = this.#options;
    this.#connection = connection;
    this.#catchUp = new CatchUp({
      connection,
      memberships,
      clock,
      random,
      onReset: (membership) => listeners.emit("reset", [membership]),
      onLeft: (membership, error) => this.#left(membership, error),
    });
  }

  /** Hot: called for every event. */
  take(event: Event["event"]): void {
    switch (event.case) {
      case "message":
        this.#message(event.value);
        break;
      case "welcome":
        this.#welcome(event.value);
        break;
      case "joined":
        if (event.value.channel) this.#joined(event.value.channel);
        break;
      case "left":
        this.#left(this.#options.memberships.get(event.value.channel));
        break;
      case "resumed":
        for (const { channel, after } of event.value.cursors) {
          this.#options.memberships.reached(channel, after);
        }
        break;
      case "historyBegins":
        this.#historyBegins(event.value);
        break;
      case "presence":
      case "typing":
      case "watching":
        this.#options.watchList.take(event);
        break;
      case "messageDeleted":
        this.#options.listeners.emit("deleted", event.value.channel, event.value.seqs);
        break;
      case "channelChanged":
        if (event.value.channel) this.#changed(event.value.channel);
        break;
      case "slowConsumer":
        this.#options.listeners.emit("slow", event.value.bufferedBytes);
        break;
      case "goingAway":
        this.#options.listeners.emit("goingAway", event.value);
        this.#options.onGoingAway(event.value);
        break;
    }
  }

  #message(message: Message): void {
    const { memberships, listeners } = this.#options;
    const verdict = memberships.admit(message);
    if (verdict === "next") {
      listeners.emit("message", message);
    } else if (verdict === "gap") {
      const membership = memberships.get(message.channel);
      if (membership) this.#catchUp?.fill(membership);
    }
  }

  #historyBegins({ channel, first }: HistoryBegins): void {
    const { memberships, listeners } = this.#options;
    const gap = memberships.skipTo(channel, first);
    if (gap) listeners.emit("gap", gap);
  }

  #welcome(welcome: Welcome): void {
    const { memberships, outbox, watchList, listeners, onWelcome, onLive } = this.#options;
    const connection = this.#connection;
    if (!connection) return;
    const { resume, rejoin, joined, left, reset } = memberships.meet(welcome);
    onWelcome(welcome);
    listeners.emit("welcome", welcome);
    if (reset.length > 0) listeners.emit("reset", reset);
    for (const membership of left) listeners.emit("left", membership);
    for (const membership of joined) listeners.emit("joined", membership);
    this.#catchUp?.begin(resume, rejoin).then(
      () => {
        if (!connection.isOver) onLive();
      },
      (error: Error) => connection.drop(error.message),
    );
    outbox.attach(connection, welcome.limits);
    watchList.attach(connection);
  }

  #joined(channel: Channel): void {
    const { memberships, outbox, watchList, listeners } = this.#options;
    const { membership, isNew, countsAnew, isBehind } = memberships.adopt(channel);
    if (isNew) listeners.emit("joined", membership);
    if (countsAnew) listeners.emit("reset", [membership]);
    if (isBehind) this.#catchUp?.fill(membership);
    outbox.pump();
    watchList.refresh();
  }

  #changed(channel: Channel): void {
    const { memberships, listeners } = this.#options;
    const changed = memberships.changed(channel);
    if (changed) listeners.emit("changed", changed.membership, changed.nameBefore);
  }

  #left(membership: Membership | undefined, error?: HubbubError): void {
    const { memberships, outbox, watchList, listeners } = this.#options;
    const ended = memberships.end(membership);
    if (!ended) return;
    if (error) listeners.emit("left", ended, error);
    else listeners.emit("left", ended);
    outbox.pump();
    watchList.refresh();
  }
}
