import { HubbubClient } from "../../src/client/client.ts";
import type { ClientEvents, ClientState, StateDetail } from "../../src/client/events.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import { FakeAccounts } from "./fake_accounts.ts";
import type { FakeServer } from "./fake_server.ts";

/** A client of `server` that comes back at once: the jitter of its back-off is always zero. */
export function clientOf(
  server: FakeServer,
  options: Partial<ClientOptions> = {},
): HubbubClient & AsyncDisposable {
  const client = new HubbubClient({
    url: server.url,
    credentials: { name: "ada", password: FakeAccounts.PASSWORD },
    random: () => 0,
    ...options,
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** Resolves with what the next such event that passes `accepts` says. */
export function next<Name extends keyof ClientEvents>(
  client: HubbubClient,
  name: Name,
  accepts: (...values: Parameters<ClientEvents[Name]>) => boolean = () => true,
): Promise<Parameters<ClientEvents[Name]>> {
  return new Promise((resolve) => {
    const handler = (...values: Parameters<ClientEvents[Name]>) => {
      if (!accepts(...values)) return;
      stop();
      resolve(values);
    };
    const stop = client.on(name, handler as ClientEvents[Name]);
  });
}

/** Resolves when the client enters this state the next time. */
export async function enters(client: HubbubClient, wanted: ClientState): Promise<StateDetail> {
  const [, detail] = await next(client, "state", (state) => state === wanted);
  return detail;
}

/** What the listeners of a client were told, message by message: `general 1 hello`. */
export function transcript(client: HubbubClient): string[] {
  const lines: string[] = [];
  const nameOf = (id: number) => client.channels.find((channel) => channel.id === id)?.name ?? id;
  client.on("message", ({ channel, seq, body }) => lines.push(`${nameOf(channel)} ${seq} ${body}`));
  client.on("joined", ({ name, last }) => lines.push(`joined ${name} after ${last}`));
  client.on("left", ({ name }, error) =>
    lines.push(`left ${name}${error ? ` ${error.code}` : ""}`),
  );
  client.on("reset", (channels) => {
    for (const { name, last } of channels) lines.push(`reset ${name} to ${last}`);
  });
  return lines;
}
