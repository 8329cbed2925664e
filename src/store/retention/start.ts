import type { Config } from "../../config.ts";
import type { Counters } from "../../monitor/counters.ts";
import type { Log as EventLog } from "../../monitor/log.ts";
import { readableTimeMs } from "../../wire/message_time.ts";
import { reading } from "../errors.ts";
import type { Store } from "../store.ts";
import { RetentionClock } from "./clock.ts";
import { limitReads } from "./limits.ts";
import { type KeptChannel, Retention } from "./retention.ts";

interface Parts {
  readonly config: Pick<Config, "keepDays" | "keepMegabytes">;
  readonly store: Store;
  readonly channels: {
    readonly all: () => readonly KeptChannel[];
    readonly get: (id: number) => KeptChannel | undefined;
  };
  readonly counters: Counters;
  readonly log: EventLog;
  readonly now: () => number;
  readonly clockMs: () => number;
}

/** How often limits are looked at, those that were just set beside the server as well. */
const TICK_MS = 2_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Begins to keep messages only as long as they are to be kept. The returned function ends it. */
export function startRetention(parts: Parts): () => Promise<void> {
  const { config, store, channels, counters, log, now, clockMs } = parts;
  const { reads, history, writer } = store;
  const clock = new RetentionClock({ nowMs: now, clockMs, storedMs: lastKnownMs(store, now()) });
  const rowAt = reads.prepare<{ id: number }, [number]>(
    "SELECT newest_id AS id FROM arrival_mark WHERE time_ms <= ? ORDER BY time_ms DESC LIMIT 1",
  );
  const pages = reads.prepare<{ bytes: number }, []>(
    `SELECT (page_count - freelist_count) * page_size AS bytes
     FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
  );
  const hourly = () => {
    let lastMs = Number.NEGATIVE_INFINITY;
    return () => {
      const isTime = clockMs() >= lastMs + HOUR_MS;
      if (isTime) lastMs = clockMs();
      return isTime;
    };
  };
  const [warnsOfSize, warnsOfClock, countsBeside] = [hourly(), hourly(), hourly()];
  let besideBytes = 0;
  const retention = new Retention({
    keepDays: config.keepDays,
    keepBytes: config.keepMegabytes * 1_000_000,
    channels: () => channels.all(),
    channel: (id) => channels.get(id),
    ownLimits: limitReads(reads),
    bytesUsed: () => reading(() => pages.get())?.bytes ?? 0,
    async bytesBeside() {
      if (countsBeside()) besideBytes = await history.bytesBeside();
      return besideBytes;
    },
    rowAt: (timeMs) => reading(() => rowAt.get(timeMs))?.id ?? 0,
    oldestRows: (ids) => history.oldestRows(ids),
    bytesOf: (channel, from, to) => history.bytesOf(channel, from, to),
    run: writer.run,
    clock,
    rest: (ms) => Bun.sleep(ms),
    trimmed(channel, messages) {
      counters.messagesTrimmed += messages;
      log.debug({ channel, messages }, "old messages are gone");
    },
    unheld(bytes) {
      if (!warnsOfSize()) return;
      const megabytes = Math.round(bytes / 1_000_000);
      log.warn({ megabytes }, "HUBBUB_KEEP_MEGABYTES cannot be held: too much of it may not go");
    },
    failed: (err) => log.warn({ err }, "old messages could not be removed; it is tried again"),
  });
  let isBehindTold = false;
  // Clocks that are a day apart are worth a warning.
  const warn = () => {
    const days = Math.round(clock.aheadMs / DAY_MS);
    const [isAhead, isBehind] = [clock.aheadMs >= DAY_MS, clock.aheadMs <= -DAY_MS];
    if (isAhead && warnsOfClock()) {
      log.warn(
        { days },
        "the clock has jumped, or the server was off: ages of messages follow by a day an hour",
      );
    }
    if (isBehind && !isBehindTold) {
      log.warn({ days: -days }, "the clock went back: ages of messages go on without it");
    }
    isBehindTold = isBehind;
  };
  const timer = setInterval(() => {
    void retention.tick().then(warn);
  }, TICK_MS);
  void retention.tick().then(warn);
  return () => {
    clearInterval(timer);
    return retention.stop();
  };
}

/** How far the clock of retention had come; at first, when the newest message came. */
function lastKnownMs({ reads }: Store, nowMs: number): number {
  const stored = reading(() =>
    reads.query<{ value: string }, []>("SELECT value FROM meta WHERE key = 'retention_ms'").get(),
  );
  if (stored !== null) return Number(stored.value);
  const newest = reading(() =>
    reads
      .query<{ encoded: Uint8Array }, []>("SELECT encoded FROM message ORDER BY id DESC LIMIT 1")
      .get(),
  );
  return newest === null
    ? nowMs
    : Math.min(nowMs, Math.floor(readableTimeMs(newest.encoded) ?? nowMs));
}
