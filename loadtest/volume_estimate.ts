import type { Behaviour } from "./profiles.ts";
import type { Parameters } from "./result.ts";

/**
 * What a tester process costs, in cores, measured on Linux over loopback with protobuf: each read of
 * a socket 5.5 us, nearly all of it the kernel's, and each delivery 0.3 us. A busy connection is
 * read some 50 times a second, as the server paces its deliveries. So one core follows 1,000,000
 * deliveries/s of 800 busy connections (0.56 cores), and 570,000 of 3,000 (0.9).
 */
const CORES_PER_CONNECTION = 50 * 5.5e-6;
const CORES_PER_DELIVERY = 0.3e-6;
/** Above this load of a process another one is started. */
const COMFORTABLE_LOAD = 0.7;
/** Connections that one process is given, busy or not. */
const MOST_CONNECTIONS = 20_000;

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
  const { users } = parameters;
  const volume = estimatedVolume(parameters, behaviour);
  // A connection that gets a few messages a second is not read more often than that.
  const busy = Math.min(1, volume / users / 50);
  const load = users * busy * CORES_PER_CONNECTION + volume * CORES_PER_DELIVERY;
  const needed = Math.max(load / COMFORTABLE_LOAD, users / MOST_CONNECTIONS);
  return Math.max(1, Math.min(Math.ceil(needed), cores - 1));
}
