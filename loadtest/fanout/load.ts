/** Connections that share channels, as both servers see them. */
export interface Crowd {
  readonly connections: number;
  /** Receivers that each message of a channel has, by channel. */
  readonly receiversOf: readonly number[];
  /** Sends a message to a channel, from any connection that is in it. */
  send(channel: number, body: string): void;
  /** Messages received so far, over all connections. */
  received(): number;
  /** Takes the latencies that were sampled so far, in ms. */
  takeLatencies(): number[];
  close(): void;
}

export interface Measurement {
  readonly sent: number;
  readonly deliveries: number;
  readonly seconds: number;
  readonly cpuMs: number;
  /** From sending to receiving, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Deliveries that were owed and did not come. */
  readonly missing: number;
}

const WORDS = "lorem ipsum dolor sit amet";
/** After the last send, deliveries may take this long to arrive. */
const SETTLE_MS = 3000;

/** Sends at an even rate for some seconds, by the clock, and measures what comes of it. */
export async function measure(
  crowd: Crowd,
  cpuMs: () => number,
  messagesPerSecond: number,
  seconds: number,
): Promise<Measurement> {
  crowd.takeLatencies();
  const receivedBefore = crowd.received();
  const cpuBefore = cpuMs();
  const began = performance.now();
  let sent = 0;
  let owed = 0;
  const elapsed = () => (performance.now() - began) / 1000;
  while (elapsed() < seconds) {
    for (const due = Math.min(elapsed(), seconds) * messagesPerSecond; sent < due; sent++) {
      const channel = sent % crowd.receiversOf.length;
      crowd.send(channel, `${performance.now()} ${WORDS}`);
      owed += crowd.receiversOf[channel] as number;
    }
    await Bun.sleep(1);
  }
  const settleBy = performance.now() + SETTLE_MS;
  const deliveries = () => crowd.received() - receivedBefore;
  while (deliveries() < owed && performance.now() < settleBy) await Bun.sleep(10);
  // To the last delivery: a server that falls behind is not made to look faster than it is.
  const duration = elapsed();
  const latencies = crowd.takeLatencies().sort((a, b) => a - b);
  return {
    sent,
    deliveries: deliveries(),
    seconds: duration,
    cpuMs: cpuMs() - cpuBefore,
    p50Ms: latencies[Math.floor(latencies.length / 2)] ?? Number.NaN,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    missing: owed - deliveries(),
  };
}

/** Ten channels, each connection in four of them: every message has four tenths as receivers. */
export const CHANNELS = 10;
const CHANNELS_EACH = 4;

/** The channels (0 to 9) of the connection of that number. */
export function channelsOf(connection: number): number[] {
  return Array.from({ length: CHANNELS_EACH }, (_, index) => (connection + index) % CHANNELS);
}

/** How many of the first `connections` connections are in each channel. */
export function receiverCounts(connections: number): number[] {
  const counts = new Array<number>(CHANNELS).fill(0);
  for (let connection = 0; connection < connections; connection++) {
    for (const channel of channelsOf(connection)) counts[channel] = (counts[channel] ?? 0) + 1;
  }
  return counts;
}

/** Only so many connections look at the time in each message, so that looking costs little. */
export const SAMPLED_CONNECTIONS = 10;
