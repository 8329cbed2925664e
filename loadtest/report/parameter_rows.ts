import type { Parameters } from "../result.ts";
import { formatCount, formatDuration, formatMeasure } from "./format.ts";

/** What was asked for, in words; `compare` also names by these what differs between two runs. */
export function parameterRows(parameters: Parameters): [name: string, value: string][] {
  const { mix, bodyWords, serverCpu, testerCpu, url, serverSettings = {} } = parameters;
  const settings = Object.entries(serverSettings).map(([name, value]) => `${name} ${value}`);
  return [
    ["Profile", parameters.profile],
    ["Users", formatCount(parameters.users)],
    ["Actions of each user", formatCount(parameters.actions)],
    ["Users start every", formatDuration(parameters.connectEverySeconds)],
    ["Wait before the first action", formatDuration(parameters.startAfterSeconds)],
    ["Time between actions", formatDuration(parameters.betweenSeconds)],
    ["Send, join, leave", `${mix.send}%, ${mix.join}%, ${mix.leave}%`],
    ["Channels", formatCount(parameters.channels)],
    ["Words of a message", `${bodyWords.min} to ${bodyWords.max}`],
    ["Encoding", parameters.encoding],
    ["All idle until the last has connected", parameters.holdUntilConnected ? "yes" : "no"],
    ["Signing in with", parameters.signIn],
    ["Time scale (waits divided by)", formatMeasure(parameters.timeScale)],
    ["Messages of a user per second", formatMeasure(parameters.messagesPerUserSecond)],
    ["Server", url ?? "the tester’s own, on the same machine"],
    ["Server’s settings", settings.join(", ") || "as they come"],
    ["Server’s core", serverCpu === null ? "not pinned" : String(serverCpu)],
    ["Tester’s core", testerCpu === null ? "not pinned" : String(testerCpu)],
    ["Seed", String(parameters.seed)],
  ];
}
