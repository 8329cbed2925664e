import { type Config, readConfig } from "../../src/config.ts";
import type { Random } from "./random.ts";

/** Limits of all sizes, so that some are met often and some never. */
export function anyConfig(random: Random): Config {
  return {
    ...readConfig({}, {}),
    channels: random.pick([3, 100]),
    channelsPerUser: random.pick([2, 3, 100]),
    sessionsPerUser: random.pick([2, 100]),
    messagesPerSecond: random.pick([20, 1_000_000]),
    messageBurst: random.pick([5, 1_000_000]),
    commandsPerSecond: random.pick([20, 1_000_000]),
    commandBurst: random.pick([5, 1_000_000]),
    refusalsBeforeClose: random.pick([15, 1_000_000]),
    newChannelsPerHour: random.pick([2, 1_000_000]),
    pendingCommands: random.pick([1, 2, 16]),
    outboundBytes: random.pick([1_000, 5_000, 1_000_000]),
    queueBytes: random.pick([300, 1_000_000]),
    ringBytes: random.pick([0, 1_500, 6_000, 1_000_000]),
    pageItems: random.pick([1, 3, 200]),
    paceCapMs: random.pick([0, 20]),
  };
}

/** How often each thing happens, otherwise with each seed, so that rare things meet. */
export function anyWeights(random: Random, names: readonly string[]): Record<string, number> {
  const base: Record<string, number> = {
    act: 25,
    recover: 10,
    deliver: 30,
    read: 30,
    connect: 10,
    disconnect: 3,
    closeOrphan: 1,
    slow: 0.5,
    checkSlow: 0.5,
    flush: 2,
    trim: 1,
    disk: 2,
    start: 5,
    stop: 0.2,
    crash: 0.2,
  };
  return Object.fromEntries(
    names.map((name) => [name, (base[name] ?? 15) * random.pick([0.1, 0.3, 1, 1, 3, 6])]),
  );
}
