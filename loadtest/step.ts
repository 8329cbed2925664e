import type { RunOptions } from "./options.ts";

/** Between two users' starts: a little more than a sign-in costs the server. */
const CONNECT_EVERY_SECONDS = 0.015;

/** The options of a short run in which nobody acts until all are connected, and then for so long. */
export function stepOptions(options: RunOptions, stepSeconds: number): RunOptions {
  const { parameters } = options;
  const { betweenSeconds, timeScale } = parameters;
  return {
    ...options,
    targets: [],
    parameters: {
      ...parameters,
      actions: Math.max(1, Math.round((stepSeconds * timeScale) / betweenSeconds)),
      connectEverySeconds: CONNECT_EVERY_SECONDS * timeScale,
      holdUntilConnected: true,
    },
  };
}
