import type { Channel, Message, Welcome } from "../wire/gen/hubbub/v1/events_pb.ts";
import { nameKey } from "../wire/names.ts";

/** Messages that do not come: the server keeps them no more. */
export interface Gap {
  readonly channel: Readonly<Membership>;
  readonly from: number;
  readonly to: number;
}

/** A channel that this client is in. The object stays the same while the membership lasts. */
export interface Membership {
  /** Another one if the server's log was replaced; 0 until it is known. */
  id: number;
  /** Whoever runs the server may give the channel another one. */
  name: string;
  /** The newest number known to exist. */
  head: number;
  /** The oldest number that was kept when the server last said; 1 of a server that does not say. */
  first: number;
  /** Accounts that had joined when the server last said. */
  members: number;
  /** It can be read, and nobody can write to it. */
  isArchived: boolean;
  /** The number of the last message that was handed out. */
  last: number;
  /** This client asked for it, so it asks again if a killed server has forgotten. */
  isOwnJoin: boolean;
  /**
   * `catching up`: a resume is under way, and numbers beyond the next are to be expected.
   * `rejoining`: the server has forgotten it. `ended`: left.
   */
  phase: "live" | "catching up" | "rejoining" | "ended";
}

/** What an application keeps in order to go on where it was, after a restart. */
export interface Cursors {
  /** The log that the numbers belong to; in another one they mean nothing. */
  readonly logId: string;
  readonly channels: readonly { readonly channel: number; readonly after: number }[];
}

/** What a welcome changes. */
interface Meeting {
  /** Those to ask a resume for. */
  readonly resume: readonly Membership[];
  /** Those to join again. */
  readonly rejoin: readonly Membership[];
  readonly joined: readonly Membership[];
  readonly left: readonly Membership[];
  /** Those whose numbers count anew. */
  readonly reset: readonly Membership[];
}

interface Adoption {
  readonly membership: Membership;
  readonly isNew: boolean;
  readonly countsAnew: boolean;
  readonly isBehind: boolean;
}

/**
 * The channels this client is in, and how much of each was handed out: the one place that decides
 * that every message is seen once, in order.
 */
export class Memberships {
  readonly #byId = new Map<number, Membership>();
  /** Those in the phase `rejoining`. */
  readonly #forgotten = new Set<Membership>();
  /** Cursors of an earlier run that have not found their channel yet. */
  readonly #kept = new Map<number, number>();
  #logId: string | undefined;
  #bootId: string | undefined;

  constructor(kept?: Cursors) {
    this.#logId = kept?.logId;
    for (const { channel, after } of kept?.channels ?? []) this.#kept.set(channel, after);
  }

  /** Those the server knows of. */
  get all(): readonly Membership[] {
    return [...this.#byId.values()];
  }

  /** Undefined while no log is known. */
  get cursors(): Cursors | undefined {
    if (this.#logId === undefined) return undefined;
    const after = new Map(this.#kept);
    for (const { id, last } of [...this.#byId.values(), ...this.#forgotten]) after.set(id, last);
    after.delete(0);
    return {
      logId: this.#logId,
      channels: Array.from(after, ([channel, last]) => ({ channel, after: last })),
    };
  }

  get(id: number): Membership | undefined {
    return this.#byId.get(id);
  }

  /** As `get`, and those too that are being joined again: the application was not told they ended. */
  find(id: number): Membership | undefined {
    return this.#byId.get(id) ?? [...this.#forgotten].find((forgotten) => forgotten.id === id);
  }

  /** As `find`, by the channel's name. */
  named(name: string): Membership | undefined {
    const key = nameKey(name);
    const isIt = (membership: Membership) => nameKey(membership.name) === key;
    return this.all.find(isIt) ?? [...this.#forgotten].find(isIt);
  }

  /**
   * Decides about a message: hand it out only on `next`. `seen`: it was handed out before, or will
   * come again with the resume that is under way, or is of a channel that was left. `gap`:
   * something before it is missing, which a resume must bring; said once until that is answered.
   */
  admit(message: Message): "next" | "seen" | "gap" {
    const membership = this.#byId.get(message.channel);
    if (!membership || message.seq <= membership.last) return "seen";
    membership.head = Math.max(membership.head, message.seq);
    if (message.seq === membership.last + 1) {
      membership.last = message.seq;
      return "next";
    }
    if (membership.phase === "catching up") return "seen";
    membership.phase = "catching up";
    return "gap";
  }

  /** What comes next begins with `first`: returns what was missed for good, if anything was. */
  skipTo(channel: number, first: number): Gap | undefined {
    const membership = this.#byId.get(channel);
    if (!membership) return undefined;
    membership.first = Math.max(membership.first, first);
    const from = membership.last + 1;
    if (from >= first) return undefined;
    membership.last = first - 1;
    membership.head = Math.max(membership.head, membership.last);
    return { channel: membership, from, to: first - 1 };
  }

  /** Compares what is known with what the server says at the beginning of a connection. */
  meet(welcome: Welcome): Meeting {
    const isOtherLog = this.#logId !== undefined && this.#logId !== welcome.logId;
    // A killed server may have lost the last seconds of joins, which it writes behind.
    const mayHaveForgotten = this.#bootId !== undefined && this.#bootId !== welcome.bootId;
    this.#logId = welcome.logId;
    this.#bootId = welcome.bootId;
    if (isOtherLog) this.#kept.clear();
    const before = new Map<string, Membership>();
    const idsBefore = new Map<number, Membership>();
    for (const known of [...this.#byId.values(), ...this.#forgotten]) {
      if (isOtherLog) known.id = 0;
      else idsBefore.set(known.id, known);
      before.set(nameKey(known.name), known);
    }
    this.#byId.clear();
    this.#forgotten.clear();

    const joined: Membership[] = [];
    const reset: Membership[] = [];
    for (const channel of welcome.channels) {
      // By the id first: the channel may have got another name.
      const known = idsBefore.get(channel.id) ?? before.get(nameKey(channel.name));
      if (known) before.delete(nameKey(known.name));
      const membership = known ?? this.#begin(channel);
      const countsAnew = known ? renew(known, channel) : isOtherLog;
      if (countsAnew) reset.push(membership);
      if (!known) joined.push(membership);
      membership.phase = "catching up";
      this.#byId.set(channel.id, membership);
    }

    const left: Membership[] = [];
    for (const gone of before.values()) {
      const isForgotten = mayHaveForgotten || gone.phase === "rejoining";
      gone.phase = isForgotten && gone.isOwnJoin ? "rejoining" : "ended";
      if (gone.phase === "rejoining") this.#forgotten.add(gone);
      else left.push(gone);
    }
    return { resume: this.all, rejoin: [...this.#forgotten], joined, left, reset };
  }

  /**
   * The server says that the user is in `channel` now. `isBehind`: delivery has begun after the
   * channel's head, and what lies between that and the last number handed out needs a resume.
   */
  adopt(channel: Channel): Adoption {
    const live = this.#byId.get(channel.id);
    if (live) {
      renew(live, channel);
      return { membership: live, isNew: false, countsAnew: false, isBehind: false };
    }
    const key = nameKey(channel.name);
    const forgotten = [...this.#forgotten].find(({ name }) => nameKey(name) === key);
    const membership = forgotten ?? this.#begin(channel);
    const countsAnew = forgotten !== undefined && renew(forgotten, channel);
    this.#forgotten.delete(membership);
    this.#byId.set(channel.id, membership);
    const isBehind = membership.last !== channel.head;
    membership.phase = isBehind ? "catching up" : "live";
    return { membership, isNew: forgotten === undefined, countsAnew, isBehind };
  }

  /**
   * A resume was answered: the channel is live after this number. Not yet for one whose own cursor
   * is still to be sent; the answer names every channel of the user.
   */
  reached(channel: number, after: number): void {
    const membership = this.#byId.get(channel);
    if (membership && membership.last >= after) membership.phase = "live";
  }

  /** The channel is another now; returns it with its name before, where this client is in it. */
  changed({ id, name, archived, members }: Channel) {
    const membership = this.#byId.get(id);
    if (!membership) return undefined;
    const nameBefore = membership.name;
    membership.name = name;
    membership.isArchived = archived;
    membership.members = members;
    return { membership, nameBefore };
  }

  /** The numbers known of it mean nothing: goes on from the head that the server has named. */
  restart(membership: Membership): void {
    membership.last = membership.head;
  }

  /** Ends a membership; returns it unless it had ended already. */
  end(membership: Membership | undefined): Membership | undefined {
    if (!membership || membership.phase === "ended") return undefined;
    if (this.#byId.get(membership.id) === membership) this.#byId.delete(membership.id);
    this.#forgotten.delete(membership);
    membership.phase = "ended";
    return membership;
  }

  #begin(channel: Channel): Membership {
    const last = this.#kept.get(channel.id) ?? channel.head;
    this.#kept.delete(channel.id);
    const { id, name, head, members, archived: isArchived } = channel;
    const known = { id, name, head, first: channel.first || 1, members, isArchived };
    return { ...known, last, isOwnJoin: false, phase: "catching up" };
  }
}

/** Takes over what the server says; returns whether the numbers now count in another log. */
function renew(membership: Membership, channel: Channel): boolean {
  const countsAnew = membership.id !== channel.id;
  membership.id = channel.id;
  membership.name = channel.name;
  membership.isArchived = channel.archived;
  membership.head = channel.head;
  membership.first = channel.first || 1;
  membership.members = channel.members;
  if (countsAnew) membership.last = channel.head;
  return countsAnew;
}
