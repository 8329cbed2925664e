import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { HubbubClient } from "../../client/client.ts";
import type { CookieSignIn } from "../../client/cookie_sign_in.ts";
import type { HubbubError } from "../../client/errors.ts";
import type { Membership } from "../../client/memberships.ts";
import type { Unsent } from "../../client/posts.ts";
import type { User } from "../../client/sign_in.ts";
import { nameKey } from "../../wire/names.ts";
import { Link } from "./connection/link.ts";
import { Directory } from "./directory.ts";
import { Drafts } from "./keeping/drafts.ts";
import type { Kept } from "./keeping/kept.ts";
import { Later } from "./keeping/later.ts";
import { Reading } from "./keeping/reading.ts";
import type { UnsentMessages } from "./keeping/unsent_messages.ts";
import { type Navigation, pathOf } from "./route.ts";

/** How often counts of unread messages follow the messages: nobody reads numbers faster. */
const COUNT_EVERY_MS = 250;

const LAST_CHANNEL = "last channel";

/** A channel of one's own, as the list shows it. */
export interface ListedChannel {
  readonly membership: Readonly<Membership>;
  readonly name: string;
  readonly unread: number;
}

interface Options {
  readonly user: User;
  readonly credentials: CookieSignIn;
  /** What this browser keeps for the account. */
  readonly kept: Kept;
  readonly messages: UnsentMessages;
  readonly unsent: readonly Unsent[];
  readonly navigation: Navigation;
  /** The sign-in has ended, here or elsewhere. */
  readonly onSignedOut: (error: HubbubError) => void;
  /** Another tab of this browser has signed somebody else in. */
  readonly onOtherUser: () => void;
}

/**
 * The chat of one account: the client, which knows what is the case, and what a page shows of it as
 * signals. What the client knows is nowhere kept a second time.
 */
export class Chat {
  readonly user: User;
  readonly client: HubbubClient;
  readonly link: Link;
  readonly directory: Directory;
  readonly drafts: Drafts;
  readonly navigation: Navigation;
  /** The user's channels by name; undefined until the server has said which. */
  readonly channels: ReadonlySignal<readonly ListedChannel[] | undefined>;
  readonly unread: ReadonlySignal<number>;
  readonly #options: Options;
  /** Counts what the client has changed, for what is computed from it. */
  readonly #changes = signal(0);
  readonly #reading = signal<Reading | undefined>(undefined);
  readonly #counting = new Later(COUNT_EVERY_MS, () => this.#changed());
  readonly #stopTitle: () => void;

  constructor(options: Options) {
    const { user, credentials, unsent, messages, navigation, kept } = options;
    this.#options = options;
    this.user = user;
    this.navigation = navigation;
    this.client = new HubbubClient({ url: location.origin, credentials, unsent });
    this.link = new Link(this.client);
    this.directory = new Directory(this.client);
    this.drafts = new Drafts(kept.under("draft"));
    messages.follow(this.client);
    this.channels = computed(() => this.#list());
    this.unread = computed(() => total(this.channels.value));
    this.#listen();
    this.#stopTitle = effect(() => this.#entitle());
    // How it goes, the link tells.
    this.client.connect().catch(() => {});
  }

  /** A channel of one's own; undefined where it is none. */
  channelNamed(name: string): ListedChannel | undefined {
    const key = nameKey(name);
    return this.channels.value?.find((channel) => nameKey(channel.name) === key);
  }

  /** The channel that was shown last, as long as it is one's own. */
  get lastChannel(): string | undefined {
    return this.channelNamed(this.#options.kept.get(LAST_CHANNEL) ?? "")?.name;
  }

  /** Where reading stopped in the channel. */
  readUpTo({ id, head }: Readonly<Membership>): number {
    return this.#reading.value?.upTo(id, head) ?? head;
  }

  /** A channel is shown. */
  opened({ name }: Readonly<Membership>): void {
    this.#options.kept.set(LAST_CHANNEL, name);
  }

  /** A message was shown. */
  read(channel: number, seq: number): void {
    this.#reading.value?.read(channel, seq);
  }

  /** What the server takes as one message, in bytes of UTF-8. */
  get bodyBytes(): number {
    return this.client.welcome?.limits?.bodyBytes ?? 16 * 1024;
  }

  async close(): Promise<void> {
    await this.client.close();
    this.#options.messages.close();
    this.#reading.value?.close();
    this.#counting.stop();
    this.drafts.close();
    this.link.close();
    this.#stopTitle();
  }

  #listen(): void {
    const { client } = this;
    const { kept, user, onOtherUser, onSignedOut } = this.#options;
    let logId: string | undefined;
    client.on("welcome", (welcome) => {
      if (welcome.userId !== user.id) {
        onOtherUser();
        return;
      }
      if (welcome.logId !== logId) {
        logId = welcome.logId;
        this.#reading.value?.close();
        this.#reading.value = new Reading(kept.under(`read/${logId}`));
      }
      this.#changed();
    });
    client.on("joined", () => this.#changed());
    client.on("left", () => this.#changed());
    client.on("reset", () => this.#changed());
    client.on("changed", ({ name }, before) => this.#renamed(before, name));
    client.on("message", () => this.#counting.ask());
    client.on("signedOut", onSignedOut);
  }

  /** What is shown of the channel stays where it is, under its new address. */
  #renamed(before: string, name: string): void {
    const route = this.navigation.route.value;
    if (nameKey(before) !== nameKey(name)) {
      this.drafts.set(name, this.drafts.of(before));
      this.drafts.set(before, "");
    }
    this.#changed();
    if (route.kind !== "channel" || nameKey(route.name) !== nameKey(before)) return;
    this.navigation.go(pathOf(name, route.seq), "replace");
  }

  #changed(): void {
    this.#changes.value += 1;
  }

  #list(): readonly ListedChannel[] | undefined {
    const reading = this.#reading.value;
    if (this.#changes.value === 0 || reading === undefined) return undefined;
    reading.version.value;
    return this.client.channels
      .map((membership) => ({
        membership,
        name: membership.name,
        unread: membership.head - reading.upTo(membership.id, membership.head),
      }))
      .sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
  }

  #entitle(): void {
    const route = this.navigation.route.value;
    const unread = this.unread.value;
    const count = unread === 0 ? "" : `(${unread > 999 ? "999+" : unread}) `;
    const place = route.kind === "channel" ? `#${route.name} · ` : "";
    document.title = `${count}${place}Hubbub`;
  }
}

function total(channels: readonly ListedChannel[] | undefined): number {
  return (channels ?? []).reduce((sum, { unread }) => sum + unread, 0);
}
