import type { Behaviour } from "./profiles.ts";
import type { Parameters } from "./result.ts";

/**
 * Deliveries a second that one tester process is given to follow. Measured on one core, the
 * coordinator included: 1.2 us a delivery at 330,000/s, 0.56 us at 1,000,000/s, as more of them come
 * with one read.
 */
const TESTER_DELIVERIES_PER_SECOND = 1_000_000;
/** Connections that one tester process is given. */
const TESTER_CONNECTIONS = 20_000;

/** Deliveries a second on the plateau, from the parameters alone. */
export function estimatedVolume(
  { users, channels, messagesPerUserSecond }: Parameters,
  { rooms, joinsAtFirst }: Behaviour,
): number {
  const joined = Math.min((joinsAtFirst.min + joinsAtFirst.max) / 2, channels);
  const receivers = rooms === "pairs" ? 2 : (users * joined) / channels;
  return users * messagesPerUserSecond * receivers;
}

/** How many tester processes that takes, of those that the cores allow beside the server. */
export function testersFor(parameters: Parameters, behaviour: Behaviour, cores: number): number {
  const volume = estimatedVolume(parameters, behaviour);
  const needed = Math.max(
    Math.ceil(volume / TESTER_DELIVERIES_PER_SECOND),
    Math.ceil(parameters.users / TESTER_CONNECTIONS),
  );
  return Math.max(1, Math.min(needed, cores - 1));
}
