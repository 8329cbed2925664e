import type { Channels } from "../channels/channels.ts";
import type { Delivery } from "../channels/delivery.ts";
import type { Membership } from "../channels/membership.ts";
import type { Presence } from "../channels/presence.ts";
import type { Ring } from "../channels/ring.ts";
import type { Config } from "../config.ts";
import type { Counters } from "../monitor/counters.ts";
import type { Log as EventLog } from "../monitor/log.ts";
import type { Monitoring } from "../monitor/monitoring.ts";
import type { Author } from "../store/batch.ts";
import type { Sender } from "../store/log.ts";
import type { Page } from "../store/reader.worker.ts";
import type { Durability, Limits } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { ClientFrameSendReader } from "../wire/gen/straight_line.ts";
import type { Budgets } from "./budget.ts";
import type { Session } from "./session.ts";

/** What sessions need of the rest of the server. Built once, in serve.ts. */
export interface Services {
  readonly channels: Channels;
  readonly membership: Membership;
  readonly ring: Ring;
  readonly delivery: Pick<Delivery, "isShown" | "over">;
  readonly presence: Pick<Presence, "watch" | "unwatch" | "typed" | "sent">;
  readonly log: MessageLog;
  readonly history: HistoryReads;
  readonly counters: Counters;
  readonly eventLog: EventLog;
  readonly config: Config;
  readonly budgets: Budgets;
  readonly monitoring: Pick<Monitoring, "measure" | "history">;
  /** The lane of the next connection. */
  readonly nextLane: () => number;
  /** Sessions with answers that have not gone out yet. */
  readonly unflushed: Set<Session>;
  /** What every welcome says alike. */
  readonly greeting: {
    readonly logId: string;
    readonly bootId: string;
    readonly serverVersion: string;
    readonly durability: Durability;
    readonly limits: Limits;
  };
  /** Wall clock, ms since the Unix epoch. */
  readonly now: () => number;
  /** A clock in ms that never goes back. */
  readonly clockMs: () => number;
}

/** The part of `store/log.ts` that sessions use. */
export interface MessageLog {
  send(sender: Sender, message: ClientFrameSendReader, author: Author, timeMs: number): void;
  ping(sender: Sender, request: number): void;
}

/** The part of `store/history.ts` that sessions use. */
export interface HistoryReads {
  after(channel: number, after: number, head: number, limit: number): Promise<Page>;
  before(channel: number, before: number, limit: number): Promise<Page>;
}
