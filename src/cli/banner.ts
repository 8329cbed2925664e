import type { Config } from "../config.ts";

interface Listening {
  readonly url: string;
  readonly dataFile: string;
  readonly hashPriority: "idle" | "low";
  /** Null where the main thread may run anywhere. */
  readonly core: number | null;
}

/** What the server says when it is up: lines for people, and the same as fields for the log. */
export function banner(
  { url, dataFile, hashPriority, core }: Listening,
  config: Config,
  version: string,
): { text: string; fields: Record<string, unknown> } {
  const survives =
    config.durability === "synced" ? "survives a power cut" : "survives a killed process";
  const hashing =
    hashPriority === "idle"
      ? "only when a core has nothing else to do"
      : "at low priority (the system allows no idle priority)";
  const count = (value: number) => value.toLocaleString("en");
  const firstAccount = `${ownCommand()} chat general --user ada --register --url ${url}`;
  const placement = core === null ? "" : `\n  core        ${core}: the main thread stays on it`;
  const text = `
Hubbub ${version} is listening on ${url}

  data        ${dataFile}
  durability  ${config.durability}: what was acknowledged ${survives}
  sign-in     passwords are hashed ${hashing}
  limits      ${count(config.bodyBytes)} bytes a message, ${count(config.messagesPerSecond)} messages a second each,
              ${count(config.channelsPerUser)} channels each, ${count(config.connections)} connections${placement}

  Make the first account and talk, in another terminal:
              ${firstAccount}
  The API is described at ${url}/openapi. Ctrl-C stops the server.

`;
  const { durability, bodyBytes, messagesPerSecond, channelsPerUser, connections } = config;
  const limits = { bodyBytes, messagesPerSecond, channelsPerUser, connections };
  return {
    text,
    fields: { url, dataFile, core, version, durability, hashPriority, limits, firstAccount },
  };
}

/** How this person runs Hubbub: who came by npx has no Bun on the path. */
function ownCommand(): string {
  if (Bun.isStandaloneExecutable) return process.execPath;
  const bun = /[\\/]_npx[\\/]/.test(process.execPath) ? `npx --yes bun@${Bun.version}` : "bun";
  return `${bun} hubbub`;
}
