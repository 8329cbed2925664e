import { HubbubClient } from "../../../src/client/client.ts";
import { HubbubError, type HubbubErrorCode } from "../../../src/client/errors.ts";
import type { Cursors, Membership } from "../../../src/client/memberships.ts";
import type { SignIn } from "../../../src/client/sign_in.ts";
import type { Message } from "../../../src/wire/gen/hubbub/v1/events_pb.ts";
import type { Random } from "../../sim/random.ts";
import type { FlakyNetwork } from "./flaky_network.ts";
import { type Entry, head, type Ledger, type Period } from "./ledger.ts";

/** What may become of a command while servers are killed and connections break. */
const excused: ReadonlySet<HubbubErrorCode> = new Set<HubbubErrorCode>([
  "DISCONNECTED",
  "GOING_AWAY",
  "RATE_LIMITED",
  "TOO_MANY_PENDING",
  // The other connection of the same user was quicker.
  "NOT_A_MEMBER",
]);

/** What has to be acknowledged before a participant sends more. */
const MOST_WAITING = 60;
/** The client's back-off, shortened: servers live for about a second here. */
const BACKOFF_SHARE = 0.03;

interface Options {
  readonly name: string;
  readonly account: string;
  readonly url: string;
  readonly signIn: SignIn;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly subprotocol: "hubbub.v1" | "hubbub.v1.json";
  /** The channels it stays in and sends to, by id; it comes and goes in the others. */
  readonly homes: readonly number[];
  /** Its way to the server, if that is to break at times. */
  readonly network?: FlakyNetwork | undefined;
  /** Whether the application ends at times, and goes on with its persisted cursors. */
  readonly endsAtTimes: boolean;
  /** Whether nobody else joins and leaves for its account. */
  readonly isAlone: boolean;
}

/** An application on top of the client: one connection of an account, doing at random what people do. */
export class Participant {
  readonly #options: Options;
  #signIn: SignIn;
  #client: HubbubClient;
  /** What its application keeps until it is acknowledged, in order. */
  readonly #waiting = new Set<Entry>();
  readonly #periods = new Map<number, Period>();
  /** Numbers that an earlier client had handed out, of channels that this one has not found yet. */
  #kept = new Map<number, number>();
  /** What had been promised of each channel when the connection began. */
  #ackedBefore = new Map<number, number>();
  #isClosing = false;
  #count = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#signIn = options.signIn;
    this.#client = this.#newClient(undefined);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get isOnline(): boolean {
    return this.#client.state === "online";
  }

  /** How far it has come in the channels that it is in. */
  get periods(): readonly Period[] {
    return [...this.#periods.values()];
  }

  get name(): string {
    return this.#options.name;
  }

  get account(): string {
    return this.#options.account;
  }

  /** Connects and joins the channels that it stays in. */
  async begin(): Promise<void> {
    await this.#client.connect();
    for (const home of this.#options.homes) await this.#settleIn(home);
  }

  /** Does one thing after the other until it is told that it is over. */
  async act(isOver: () => boolean): Promise<void> {
    const { random, network, endsAtTimes } = this.#options;
    while (!isOver()) {
      const action = random.weighted({
        say: 16,
        come: 3,
        read: 2,
        break: network ? 1 : 0,
        end: endsAtTimes ? 1 : 0,
      });
      if (action === "say") this.#say();
      else if (action === "come") await this.#comeOrGo();
      else if (action === "read") await this.#readPage();
      else if (action === "end") await this.#endAndBegin();
      else if (random.chance(0.5)) network?.cut();
      else network?.cutAnswersFirst(random.below(60));
      await Bun.sleep(20 + random.below(100));
    }
  }

  /** The whole of a channel, page by page. */
  async history(channel: number): Promise<Message[]> {
    const messages: Message[] = [];
    for (;;) {
      const after = messages.at(-1)?.seq ?? 0;
      const page = await this.#client.history({ channel, after });
      messages.push(...page.messages);
      if (!page.more) return messages;
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#client.close();
  }

  #newClient(cursors: Cursors | undefined): HubbubClient {
    const { url, subprotocol, random, ledger } = this.#options;
    const client = new HubbubClient({
      url,
      subprotocol,
      credentials: this.#signIn,
      cursors,
      random: () => random.next() * BACKOFF_SHARE,
      onSignIn: (signIn) => {
        this.#signIn = signIn;
      },
    });
    client.on("message", (message) => this.#message(message));
    client.on("joined", (membership) => this.#joined(membership));
    client.on("left", ({ id }, error) => {
      if (error) this.#fault(id, "-", `lost the channel: ${error.message}`);
      if (this.#options.homes.includes(id)) this.#fault(id, "-", "was told it left, and did not");
      if (!this.#periods.delete(id)) this.#fault(id, "-", "left without being in it");
    });
    client.on("reset", (channels) => {
      for (const { id, last } of channels) this.#fault(id, last, "was reset");
    });
    client.on("state", (state, { error }) => {
      if (state === "online") ledger.happened("online");
      if (state === "connecting") {
        const ids = [...ledger.channels.keys()];
        this.#ackedBefore = new Map(ids.map((id) => [id, ledger.ackedHead(id)]));
      }
      if (state === "stopped" && !this.#isClosing) {
        this.#fault(0, "-", `the client stopped: ${error?.message}`);
      }
    });
    return client;
  }

  #message(message: Message): void {
    const { ledger, name } = this.#options;
    const { channel, seq } = message;
    ledger.shown(message, `the delivery to ${name}`);
    const period = this.#periods.get(channel);
    if (period === undefined) {
      this.#fault(channel, seq, "was delivered without being in the channel");
    } else {
      if (seq !== period.last + 1) {
        this.#fault(channel, seq, `was delivered where ${period.last + 1} was next`);
      }
      period.last = seq;
    }
    ledger.happened("message");
  }

  #joined({ id, last }: Readonly<Membership>): void {
    const { ledger, name } = this.#options;
    if (this.#periods.has(id)) this.#fault(id, last, "was told twice that it joined");
    const kept = this.#kept.get(id);
    this.#kept.delete(id);
    const promised = this.#ackedBefore.get(id) ?? 0;
    if (kept === undefined && last < promised) {
      this.#fault(id, last, `joined behind what was there: ${promised} had been acknowledged`);
    } else if (kept !== undefined && last !== kept) {
      this.#fault(id, last, `goes on here, but its cursor was ${kept}`);
    }
    this.#periods.set(id, ledger.opened(name, id, last));
  }

  /** Sends a burst to one channel, and does not wait. */
  #say(): void {
    const { random, homes, ledger, name, account } = this.#options;
    if (this.#waiting.size > MOST_WAITING || homes.length === 0) return;
    const channel = random.pick(homes);
    for (let left = 1 + random.below(12); left > 0; left--) {
      const length = random.chance(0.03) ? 8000 : random.below(60);
      const body = `${name} ${++this.#count} ${random.pick(["x", "é", "🐝"]).repeat(length / 2)}`;
      const entry = ledger.called(account, name, channel, body);
      this.#waiting.add(entry);
      this.#send(entry);
      ledger.happened("send");
    }
  }

  #send(entry: Entry): void {
    const { ledger } = this.#options;
    const client = this.#client;
    client.send(entry.channel, entry.body, entry.nonce).then(
      (sent) => {
        this.#waiting.delete(entry);
        ledger.acked(entry, sent);
      },
      (error: HubbubError) => {
        // Its application keeps it for the client to come.
        if (error.code === "CLOSED" && client.state === "stopped") return;
        this.#waiting.delete(entry);
        this.#fault(entry.channel, "-", `could not send "${head(entry.body)}": ${error}`);
      },
    );
  }

  async #comeOrGo(): Promise<void> {
    const { random, homes, ledger, isAlone } = this.#options;
    const visited = [...ledger.channels.keys()].filter((id) => !homes.includes(id));
    if (visited.length === 0) return;
    const id = random.pick(visited);
    const client = this.#client;
    const period = this.#periods.get(id);
    if (period === undefined) {
      await this.#attempt(() => client.join(ledger.channels.get(id) as string));
      return;
    }
    const membership = client.channels.find((channel) => channel.id === id);
    const isLive = isAlone && this.isOnline && membership?.phase === "live";
    const promised = ledger.ackedHead(id);
    const hasLeft = await this.#attempt(() => client.leave(id));
    if (!hasLeft || !isLive || period.last >= promised) return;
    this.#fault(
      id,
      period.last,
      `was the last before leaving; ${promised} was acknowledged before`,
    );
  }

  /** Joins a channel to stay, however often it takes. */
  async #settleIn(id: number): Promise<void> {
    const { ledger } = this.#options;
    const name = ledger.channels.get(id) as string;
    const client = this.#client;
    while (!(await this.#attempt(() => client.join(name)))) {
      if (client.state === "stopped") return;
      await Bun.sleep(20);
    }
  }

  async #readPage(): Promise<void> {
    const { random, homes, ledger, name } = this.#options;
    if (homes.length === 0) return;
    const channel = random.pick(homes);
    const at = random.below(ledger.ackedHead(channel) + 2);
    const from = random.chance(0.5) ? { after: at } : { before: at };
    await this.#attempt(async () => {
      const limit = 1 + random.below(50);
      const { messages } = await this.#client.history({ channel, ...from, limit });
      messages.forEach((message, index) => {
        ledger.shown(message, `a page for ${name}`);
        const expected = (messages[0] as Message).seq + index;
        if (message.seq !== expected) this.#fault(channel, message.seq, `stands at ${expected}`);
      });
    });
  }

  /** The application ends and is started again with what it persisted. */
  async #endAndBegin(): Promise<void> {
    const client = this.#client;
    this.#isClosing = true;
    await client.close();
    this.#isClosing = false;
    const { cursors } = client;
    const kept = new Map(cursors?.channels.map(({ channel, after }) => [channel, after]));
    const known = new Map(this.#kept);
    for (const { channel, last } of this.#periods.values()) known.set(channel, last);
    for (const [channel, last] of known) {
      if (kept.get(channel) === last) continue;
      this.#fault(channel, last, `was the last handed out; the cursor says ${kept.get(channel)}`);
    }
    this.#kept = kept;
    this.#periods.clear();
    this.#client = this.#newClient(cursors);
    await this.begin();
    for (const entry of this.#waiting) this.#send(entry);
  }

  /** Returns whether the command was carried out. */
  async #attempt(command: () => Promise<unknown>): Promise<boolean> {
    try {
      await command();
      return true;
    } catch (error) {
      if (!(error instanceof HubbubError && excused.has(error.code))) {
        this.#fault(0, "-", `a command failed: ${error}`);
      }
      return false;
    }
  }

  #fault(channel: number, seq: number | string, text: string): void {
    this.#options.ledger.fault(channel, seq, `${this.#options.name} ${text}`);
  }
}
