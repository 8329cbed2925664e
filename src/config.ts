import {
  backupPlan,
  choice,
  core,
  domain,
  type Entry,
  integer,
  limit,
  networks,
  origins,
} from "./setting_kinds.ts";

/**
 * All settings, in one table: the environment variable, the flag, what is allowed, what it is for.
 * `--help`, the README's table and the validation all come from it.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

export const settings = {
  host: {
    summary: "address to listen on",
    placeholder: "address",
    default: "127.0.0.1",
    expected: "a host name or an IP address",
    parse: (text: string) => (/^[A-Za-z0-9.:_-]+$/.test(text) ? text : undefined),
  },
  port: integer("port to listen on; 0 picks a free one", "port", 4000, 0, 65535),
  data: {
    summary: "the database file; its folder is made if there is none",
    placeholder: "file",
    default: "./data/hubbub.db",
    expected: "a file name",
    parse: (text: string) => (text !== "" && !text.endsWith("/") ? text : undefined),
  },
  durability: choice(
    "what an acknowledged message survives: a power cut, or a killed process only",
    ["synced", "committed"],
    "synced",
  ),
  backups: backupPlan("backups that the server makes: the folder, how often, how many are kept"),
  keepDays: integer(
    "days that messages are kept in channels without limits of their own; 0: for ever",
    "days",
    0,
    0,
    36_500,
  ),
  // Nobody wants less; who writes 20 means gigabytes.
  keepMegabytes: limit(
    "size of the database past which the oldest messages go, from 100 on; 0: whatever it is",
    "MB",
    100,
    100_000_000,
  ),
  updateBackup: choice(
    "whether an update of the database is preceded by a backup beside it",
    ["on", "off"],
    "on",
  ),
  checkpoints: choice(
    "who copies the WAL into the database: the server, or another program such as Litestream",
    ["own", "external"],
    "own",
  ),
  logLevel: choice(
    "least important event to log",
    ["debug", "info", "warn", "error", "silent"],
    "info",
  ),
  logFormat: choice(
    "log lines for people or for programs; auto is text on a terminal",
    ["auto", "text", "json"],
    "auto",
  ),
  registration: choice("whether anybody may make an account", ["open", "closed"], "open"),
  origins: origins("other web origins whose pages may connect, separated by commas"),
  rpId: domain("domain that passkeys are bound to; empty: the first origin's, or localhost"),
  signingSecret: {
    summary: "secret that signs access tokens; empty: made on first start and kept beside the data",
    placeholder: "secret",
    default: "",
    expected: "at least 32 characters, or nothing",
    parse: (text: string) => (text === "" || text.length >= 32 ? text : undefined),
  },
  accessTokenMinutes: integer("life of an access token", "minutes", 10, 1, 60),
  refreshTokenDays: integer("life of a sign-in that is not used", "days", 30, 1, 365),
  ticketSeconds: integer("life of a ticket for the socket", "seconds", 30, 5, 300),
  pepperFile: {
    summary:
      "file of the pepper in all passwords; empty: made on first start and kept beside the data",
    placeholder: "file",
    default: "",
    expected: "a file name, or nothing",
    parse: (text: string) => (text.endsWith("/") ? undefined : text),
  },
  hashMemoryKib: integer("memory that hashing a password takes", "KiB", 19_456, 19_456, 262_144),
  hashPasses: integer("passes over that memory", "count", 2, 2, 10),
  hashesAtOnce: integer(
    "passwords hashed at the same time, each by a process of its own",
    "count",
    1,
    1,
    8,
  ),
  hashQueue: integer(
    "sign-ins that may wait for their hash, and as many on known devices",
    "count",
    256,
    0,
    10_000,
  ),
  triesPerMinute: integer(
    "sign-ins by password and registrations of one address; of one /64 in IPv6",
    "count",
    60,
    1,
    1_000_000,
  ),
  trustedProxies: networks(
    "proxies whose X-Forwarded-For counts: addresses and CIDR blocks, separated by commas",
    "",
  ),
  metrics: networks(
    "who may read /metrics: addresses and CIDR blocks, separated by commas; empty: nobody",
    "127.0.0.0/8,::1",
  ),
  frameBytes: integer("largest frame from a client", "bytes", 64 * KIB, 1 * KIB, 16 * MIB),
  bodyBytes: integer("largest message body", "bytes", 16 * KIB, 1, 8 * MIB),
  channels: integer("channels on the server", "count", 10_000, 1, 2_000_000),
  channelsPerUser: integer("channels one user may be in", "count", 100, 1, 10_000),
  newChannelsPerHour: integer("channels one user may make in an hour", "count", 20, 1, 1_000_000),
  newAccountsPerHour: integer(
    "accounts that may be registered in an hour",
    "count",
    100,
    1,
    1_000_000,
  ),
  connections: integer("connections at once", "count", 20_000, 1, 1_000_000),
  arrivalQueue: integer(
    "requests that may wait to be let in when many arrive at once",
    "count",
    4096,
    0,
    100_000,
  ),
  sessionsPerUser: integer("connections of one user at once", "count", 20, 1, 10_000),
  messagesPerSecond: integer("messages and pings of one user", "count", 20, 1, 1_000_000),
  messageBurst: integer("messages one user may send at once", "count", 60, 1, 1_000_000),
  commandsPerSecond: integer("other commands of one user", "count", 20, 1, 1_000_000),
  commandBurst: integer("other commands one user may send at once", "count", 100, 1, 1_000_000),
  refusalsBeforeClose: integer(
    "refusals for the rate before a connection is closed; a tenth comes back each second",
    "count",
    100,
    1,
    1_000_000,
  ),
  pendingCommands: integer(
    "commands of one connection that wait for an answer, sends and pings aside",
    "count",
    16,
    1,
    1000,
  ),
  outboundBytes: integer(
    "bytes that may wait for a slow connection before it is closed",
    "bytes",
    1 * MIB,
    512 * KIB,
    1024 * MIB,
  ),
  queueBytes: integer(
    "bytes of messages that may wait for the disk",
    "bytes",
    32 * MIB,
    1 * MIB,
    1024 * MIB,
  ),
  ringBytes: integer(
    "bytes of recent messages kept in memory for resuming",
    "bytes",
    64 * MIB,
    0,
    16 * 1024 * MIB,
  ),
  pageItems: integer("messages, channels or members in one page", "count", 200, 1, 10_000),
  paceCapMs: integer(
    "longest wait between deliveries under load; 0 turns pacing off",
    "ms",
    50,
    0,
    1000,
  ),
  compression: choice(
    "whether larger frames are compressed (permessage-deflate) for clients that can read it",
    ["off", "on"],
    "off",
  ),
  idleSeconds: integer("silence after which a connection is closed", "seconds", 60, 8, 960),
  subscriptionFlushSeconds: integer(
    "time between writes of joins and leaves",
    "seconds",
    30,
    1,
    3600,
  ),
  cpu: core("core that the main thread is pinned to, on Linux; empty: it runs anywhere"),
  stopSeconds: integer("longest time that stopping may take", "seconds", 5, 1, 60),
} satisfies Record<string, Entry<unknown>>;

export type SettingName = keyof typeof settings;

/** Every setting, validated. */
export type Config = Readonly<{
  [Name in SettingName]: Exclude<ReturnType<(typeof settings)[Name]["parse"]>, undefined>;
}>;

/** A setting whose value is wrong, with a sentence for the person who set it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** `bodyBytes` is set by `HUBBUB_BODY_BYTES`. */
export function variableOf(name: SettingName): string {
  return `HUBBUB_${name.replace(/[A-Z]/g, "_$&").toUpperCase()}`;
}

/** `bodyBytes` is set by `--body-bytes`. */
export function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, "-$&").toLowerCase()}`;
}

/**
 * Reads all settings: a flag wins over its variable, a variable over the default.
 *
 * @throws ConfigError for a value that is not allowed, for variables that would not get on with
 * each other, and for a `HUBBUB_` variable that does not exist (it is most likely misspelt).
 */
export function readConfig(
  flags: Partial<Record<SettingName, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): Config {
  const names = Object.keys(settings) as SettingName[];
  refuseUnknown(names, environment);
  const values = names.map((name) => {
    const setting: Entry<unknown> = settings[name];
    const flag = flags[name];
    const variable = environment[variableOf(name)];
    const text = flag ?? variable ?? setting.default;
    const value = setting.parse(text);
    if (value === undefined) {
      const source = flag !== undefined ? flagOf(name) : variableOf(name);
      // A secret is not shown, not even a wrong one.
      const shown = name === "signingSecret" ? "not usable" : `"${text}"`;
      throw new ConfigError(`${source} is ${shown}; it should be ${setting.expected}.`);
    }
    return [name, value];
  });
  // The loop above gave every name the value of its own parser.
  const config = Object.freeze(Object.fromEntries(values)) as Config;
  refuseContradictions(config);
  return config;
}

/** Variables that are used elsewhere: see the chat command. */
const otherVariables = new Set(["HUBBUB_URL", "HUBBUB_USER", "HUBBUB_PASSWORD", "HUBBUB_CODE"]);

function refuseUnknown(
  names: readonly SettingName[],
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const known = new Set(names.map(variableOf));
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith("HUBBUB_") || otherVariables.has(variable)) continue;
    if (!known.has(variable)) {
      throw new ConfigError(`${variable} is no setting of Hubbub; see --help for those there are.`);
    }
  }
}

function refuseContradictions(config: Config): void {
  if (config.bodyBytes + KIB > config.frameBytes) {
    throw new ConfigError(
      `${variableOf("bodyBytes")} is "${config.bodyBytes}"; it should be at least 1024 below ${variableOf("frameBytes")} (${config.frameBytes}).`,
    );
  }
  if (config.outboundBytes < config.frameBytes) {
    throw new ConfigError(
      `${variableOf("outboundBytes")} is "${config.outboundBytes}"; it should be at least ${variableOf("frameBytes")} (${config.frameBytes}).`,
    );
  }
}
