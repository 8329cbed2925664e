/**
 * Those who are back already: a process whose connections talk to each other while others arrive,
 * and tells how long that takes. Started by run.ts.
 */
import { HubbubClient } from "../../src/client/client.ts";
import { latencyOf, newHistogram } from "../percentiles.ts";
import type { Latency } from "../result.ts";

const CHANNEL = "bystanders";
const SEND_EVERY_MS = 100;
const LOOK_EVERY_MS = 2;

/** What is asked of this process. */
export type ToBystanders =
  | { readonly kind: "begin"; readonly url: string; readonly tokens: readonly string[] }
  /** Forget what was measured so far. */
  | { readonly kind: "mark" }
  | { readonly kind: "tell" };

/** What it says. */
export type FromBystanders =
  | { readonly kind: "hello" | "ready" }
  | { readonly kind: "noticed"; readonly noticed: Noticed };

/** What they noticed since the last mark. */
export interface Noticed {
  readonly delivery: Latency;
  /** By the monitor among them: the server's event-loop delay, p99 of the worst second, in ms. */
  readonly loopDelayMs: number;
}

const clients: HubbubClient[] = [];
let histogram = newHistogram();

function tell(message: FromBystanders): void {
  process.send?.(message);
}

async function begin(url: string, tokens: readonly string[]): Promise<void> {
  await Promise.all(tokens.map((accessToken, index) => enter(url, accessToken, index)));
  tell({ kind: "ready" });
}

async function enter(url: string, accessToken: string, index: number): Promise<void> {
  const user = { id: 0, name: "", role: "user" };
  const access = { accessToken, accessExpiresAtMs: Date.now() + 60 * 60 * 1000, user };
  const client = new HubbubClient({ url, credentials: { renew: async () => access } });
  client.on("message", ({ body }) => {
    const sentMs = Number(body);
    histogram.recordValue(Math.max(1, Math.round((performance.now() - sentMs) * 1000)));
  });
  await client.connect();
  clients.push(client);
  const { id } = await client.join(CHANNEL);
  // The time that it was due stands in it: a sender that is late does not make the server faster.
  let dueMs = performance.now() + (((index * SEND_EVERY_MS) / 10) % SEND_EVERY_MS);
  setInterval(() => {
    for (; dueMs <= performance.now(); dueMs += SEND_EVERY_MS) {
      client.send(id, String(dueMs)).catch(() => {});
    }
  }, LOOK_EVERY_MS);
}

/** The server's figures cover the time from one ping to the next. */
async function pingAll(): Promise<number> {
  const pongs = await Promise.all(clients.map((client) => client.ping()));
  return Math.max(0, ...pongs.map(({ figures }) => figures?.loopDelayMs ?? 0));
}

process.on("message", (message: ToBystanders) => {
  if (message.kind === "begin") {
    begin(message.url, message.tokens).catch((error: unknown) => {
      process.stderr.write(`bystanders: ${String(error)}\n`);
      process.exit(1);
    });
  } else if (message.kind === "mark") void pingAll().then(() => (histogram = newHistogram()));
  else {
    const delivery = latencyOf(histogram);
    void pingAll().then((loopDelayMs) =>
      tell({ kind: "noticed", noticed: { delivery, loopDelayMs } }),
    );
  }
});
process.on("disconnect", () => process.exit(0));

tell({ kind: "hello" });
