/** Who is in which channel: ten channels, each connection in four of them, as on average in the standard workload. */
export const CHANNELS = 10;
const CHANNELS_EACH = 4;

/** The channels (0 to 9) of the connection of that number. */
export function channelsOf(connection: number): number[] {
  return Array.from({ length: CHANNELS_EACH }, (_, index) => (connection + index) % CHANNELS);
}

/** How many of so many connections are in each channel. */
export function receiverCounts(connections: number): number[] {
  const counts = new Array<number>(CHANNELS).fill(0);
  for (let connection = 0; connection < connections; connection++) {
    for (const channel of channelsOf(connection)) counts[channel] = (counts[channel] as number) + 1;
  }
  return counts;
}
