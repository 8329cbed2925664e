import type { Config } from "../config.ts";

/** What the server says when it is up: lines for people, and the same as fields for the log. */
export function banner(
  { url, dataFile }: { readonly url: string; readonly dataFile: string },
  config: Config,
  version: string,
): { text: string; fields: Record<string, unknown> } {
  const survives =
    config.durability === "synced" ? "survives a power cut" : "survives a killed process";
  const count = (value: number) => value.toLocaleString("en");
  const firstAccount = `${bunCommand()} hubbub chat general --user ada --register --url ${url}`;
  const text = `
Hubbub ${version} is listening on ${url}

  data        ${dataFile}
  durability  ${config.durability}: what was acknowledged ${survives}
  limits      ${count(config.bodyBytes)} bytes a message, ${count(config.messagesPerSecond)} messages a second each,
              ${count(config.channelsPerUser)} channels each, ${count(config.connections)} connections

  Make the first account and talk, in another terminal:
              ${firstAccount}
  The API is described at ${url}/openapi. Ctrl-C stops the server.

`;
  const { durability, bodyBytes, messagesPerSecond, channelsPerUser, connections } = config;
  const limits = { bodyBytes, messagesPerSecond, channelsPerUser, connections };
  return { text, fields: { url, dataFile, version, durability, limits, firstAccount } };
}

/** How this person runs Bun: who came by npx has none on the path. */
function bunCommand(): string {
  return /[\\/]_npx[\\/]/.test(process.execPath) ? `npx --yes bun@${Bun.version}` : "bun";
}
