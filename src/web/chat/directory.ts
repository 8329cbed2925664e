import { type ReadonlySignal, signal } from "@preact/signals";
import type { HubbubClient } from "../../client/client.ts";
import { asHubbubError, type HubbubError } from "../../client/errors.ts";
import type { Channel } from "../../wire/gen/hubbub/v1/events_pb.ts";
import { nameKey } from "../../wire/names.ts";

/** What is known of all channels of the server. */
export interface Listing {
  readonly channels: readonly Channel[];
  readonly state: "loading" | "complete" | "failed";
}

/** Pages are asked for one after the other; where the server says to wait, at least this long. */
const WAIT_MS = 250;

/** All channels of the server, as they were when they were last asked for. */
export class Directory {
  readonly #client: HubbubClient;
  readonly #listing = signal<Listing>({ channels: [], state: "loading" });
  #loading: Promise<void> | undefined;

  constructor(client: HubbubClient) {
    this.#client = client;
  }

  get listing(): ReadonlySignal<Listing> {
    return this.#listing;
  }

  /** Asks the server anew. */
  load(): Promise<void> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** The channel of that name, as far as is known now. */
  find(name: string): Channel | undefined {
    const key = nameKey(name);
    return this.#listing.value.channels.find((channel) => nameKey(channel.name) === key);
  }

  async #load(): Promise<void> {
    const channels: Channel[] = [];
    try {
      for (let more = true; more; ) {
        const page = await this.#page(channels.at(-1)?.id ?? 0);
        channels.push(...page.channels);
        more = page.more;
        if (more) this.#listing.value = { channels: [...channels], state: "loading" };
      }
      this.#listing.value = { channels, state: "complete" };
    } catch {
      this.#listing.value = { ...this.#listing.value, state: "failed" };
    }
  }

  async #page(after: number) {
    for (;;) {
      try {
        return await this.#client.listChannels(after);
      } catch (thrown) {
        const error = asHubbubError(thrown);
        if (!mayPass(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.max(WAIT_MS, error.retryAfterMs)));
      }
    }
  }
}

function mayPass({ code }: HubbubError): boolean {
  return code === "RATE_LIMITED" || code === "TOO_MANY_PENDING";
}
