import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import type { WatchedChannel } from "../../src/channels/watched_channel.ts";
import type { Outgoing } from "../../src/wire/encoding.ts";
import type { Resume } from "../../src/wire/gen/hubbub/v1/commands_pb.ts";
import {
  type Channel,
  ErrorCode,
  type HistoryBegins,
  type Message,
  type Presence,
  type Resumed,
  type TypingMembers,
  type Watching,
  type Welcome,
} from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import {
  type ClientFrame,
  type Event,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { checkAnswer } from "./answers.ts";
import type { Model } from "./model.ts";

export function decodeFrame(frame: Outgoing): Event[] {
  return typeof frame === "string"
    ? fromJsonString(ServerFrameSchema, frame).events
    : fromBinary(ServerFrameSchema, frame).events;
}

/** How far the delivery of one channel on one connection has come. */
interface Following {
  next: number;
  /**
   * `live`: has everything up to the head. `behind`: a resume brings the rest. `unsure`: a resume
   * has failed; what comes, if anything, still comes in order.
   */
  phase: "live" | "behind" | "unsure";
  /** The resume that began it. */
  readonly resume: number | undefined;
}

/** What a connection was told last of a channel that it watches. */
interface Watched {
  presence: Presence;
  typing: TypingMembers | undefined;
}

/** A connection may not watch more. */
const MOST_WATCHED = 4;

interface PendingResume {
  readonly before: Map<number, Following>;
  readonly refused: Map<number, ErrorCode>;
}

/**
 * Watches one connection at the server's end: what the server is told, and every frame that it
 * sends, in the order in which both happen there. Holds it to the protocol: one answer to each
 * command, and of each channel every message once, in order, to members only.
 */
/** How far the server has come with a channel; undefined where it has none of that id. */
interface Heads {
  readonly headOf: (channel: number) => number | undefined;
  /** The same of what this connection has been shown: it may have to wait for others. */
  readonly shownOf: (channel: number) => number | undefined;
  /** What the server knows of a channel that somebody watches. */
  readonly watchedOf: (channel: number) => WatchedChannel | undefined;
}

export class Stream {
  readonly account: number;
  readonly #model: Model;
  readonly #headOf: Heads["headOf"];
  readonly #shownOf: Heads["shownOf"];
  readonly #watchedOf: Heads["watchedOf"];
  /** The channels that this connection was told it is in. */
  readonly told = new Set<number>();
  #following = new Map<number, Following>();
  readonly #waiting = new Map<number, ClientFrame["command"]>();
  readonly #resumes = new Map<number, PendingResume>();
  #watched = new Map<number, Watched>();
  #unreadable = 0;
  #isWelcome = false;

  constructor(model: Model, account: number, { headOf, shownOf, watchedOf }: Heads) {
    this.#model = model;
    this.account = account;
    this.#headOf = headOf;
    this.#shownOf = shownOf;
    this.#watchedOf = watchedOf;
    model.streams.add(this);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** The server is about to handle a frame that cannot be read. */
  receivesGarbage(): void {
    this.#unreadable += 1;
  }

  /** The server is about to handle a command. */
  receives({ request, command }: ClientFrame): void {
    this.#waiting.set(request, command);
    if (command.case === "send") this.#model.asked(this.account, command.value);
    if (command.case === "resume") this.#resume(request, command.value);
  }

  /** The server sends a frame. */
  sends(frame: Outgoing): void {
    for (const event of decodeFrame(frame)) {
      this.#must(this.#isWelcome || event.event.case === "welcome", "the welcome is not first");
      if (event.request === 0) this.#happened(event);
      else this.#answered(event);
    }
  }

  /** The connection has ended: what was not answered is not going to be. */
  closed(): void {
    if (!this.#model.streams.delete(this)) return;
    for (const command of this.#waiting.values()) {
      if (command.case === "send") this.#model.unanswered(this.account, command.value.nonce);
    }
    this.#waiting.clear();
  }

  /** Checks what must hold whenever no callback is under way. */
  check(): void {
    const channels = this.#model.channels(this.account);
    const told = [...this.told].sort().join();
    const expected = [...channels].sort().join();
    this.#must(told === expected, `it was told to be in ${told}, and is in ${expected}`);
    for (const [channel, { next, phase }] of this.#following) {
      const missed = phase === "live" && next - 1 < (this.#shownOf(channel) ?? 0);
      this.#must(!missed, `${channel}/${next} was delivered, but not to this live receiver`);
    }
    for (const [channel, { presence, typing }] of this.#watched) {
      const known = this.#watchedOf(channel);
      this.#must(known !== undefined, `nothing is known of channel ${channel}, which it watches`);
      if (known === undefined) continue;
      const online = this.#model.online(channel);
      const areThere = [...known.typing.keys()].every((id) => online.has(id));
      this.#must(areThere, `somebody who is not there is typing in ${channel}`);
      // Otherwise the next picture is still to come.
      if (known.hasNews || known.round !== undefined) continue;
      this.#checkPresence(presence);
      const told = typing?.typing.map(({ userId }) => userId).join() ?? "";
      const typists = [...known.typing.keys()].slice(0, 5).join();
      this.#must(told === typists, `${told} are said to be typing in ${channel}, not ${typists}`);
    }
  }

  /** Checks what must hold when nothing is under way any more. */
  checkAtRest(): void {
    this.#must(this.#waiting.size === 0, "a command was never answered");
    for (const [channel, { phase }] of this.#following) {
      this.#must(phase === "live", `channel ${channel} is ${phase} and stays so`);
    }
    for (const { presence, typing } of this.#watched.values()) {
      this.#checkPresence(presence);
      const count = typing?.typingCount ?? 0;
      this.#must(count === 0, `${count} are said to be typing in ${presence.channel} for ever`);
    }
  }

  #happened({ event }: Event): void {
    switch (event.case) {
      case "welcome":
        return this.#welcome(event.value);
      case "message":
        return this.#message(event.value);
      case "joined":
        return this.#joined(event.value.channel as Channel);
      case "left":
        return this.#left(event.value.channel);
      case "presence":
        this.#watchedChannel(event.value.channel).presence = event.value;
        return;
      case "typing":
        this.#watchedChannel(event.value.channel).typing = event.value;
        return;
      case "error":
        this.#must(event.value.code === ErrorCode.INVALID_FRAME, "an error answers nothing");
        this.#must(this.#unreadable > 0, "a readable frame was not read");
        this.#unreadable -= 1;
        return;
      case "historyBegins":
        return this.#historyBegins(event.value);
      case "slowConsumer":
      case "goingAway":
        return;
      default:
        this.#must(false, `${event.case} came without a request`);
    }
  }

  #answered({ request, event }: Event): void {
    const command = this.#waiting.get(request);
    this.#must(command !== undefined, `request ${request} was answered twice, or never made`);
    if (command === undefined) return;
    this.#waiting.delete(request);
    checkAnswer(this.#model, this.account, command, event, (text) => this.#must(false, text));
    if (event.case === "sent") {
      const { channel, seq } = event.value;
      const isShown = (this.#shownOf(channel) ?? 0) >= seq;
      this.#must(isShown, `${channel}/${seq} was acknowledged before it was delivered`);
    }
    if (event.case === "watching" && command.case === "watch") {
      this.#watching(command.value.channels, event.value);
    }
    if (event.case === "joined") this.#joined(event.value.channel as Channel);
    if (event.case === "left") this.#left(event.value.channel);
    if (event.case === "resumed") this.#resumed(request, event.value);
    if (event.case === "error") this.#refused(request, event.value.code);
  }

  #welcome({ userId, channels }: Welcome): void {
    this.#must(!this.#isWelcome && userId === this.account, "it was welcomed wrongly");
    this.#isWelcome = true;
    for (const channel of channels) {
      const { id, head, members } = channel;
      this.told.add(id);
      const isRight = head === this.#headOf(id) && members === this.#model.members(id);
      this.#must(isRight, `channel ${id} was said to have head ${head} and ${members} members`);
    }
  }

  #message(message: Message): void {
    const { channel, seq } = message;
    const following = this.#following.get(channel);
    const isMember = this.told.has(channel) && this.#model.channels(this.account).has(channel);
    this.#must(isMember, `${channel}/${seq} was shown to somebody who is no member`);
    this.#must(following !== undefined, `${channel}/${seq} came before its delivery was begun`);
    if (following === undefined) return;
    const { next } = following;
    this.#must(seq === next, `${channel}/${seq} came where ${next} was next`);
    following.next = seq + 1;
    this.#model.shown(message);
  }

  #historyBegins({ channel, first }: HistoryBegins): void {
    const following = this.#following.get(channel);
    const isRight = following?.phase === "behind" && following.next < first;
    this.#must(isRight, `channel ${channel} was said to begin at ${first} for no reason`);
    const isGone = this.#model.file.gone(channel) >= first - 1;
    this.#must(isGone, `channel ${channel} was said to begin at ${first} too early`);
    if (following !== undefined) following.next = first;
  }

  #joined({ id, head }: Channel): void {
    this.told.add(id);
    this.#model.channels(this.account).add(id);
    this.#must(head === this.#headOf(id), `channel ${id} was joined at a wrong head`);
    const phase = this.#following.get(id)?.phase ?? "unsure";
    if (phase === "unsure") this.#beginAt(id, head);
  }

  #left(channel: number): void {
    this.told.delete(channel);
    this.#model.channels(this.account).delete(channel);
    this.#following.delete(channel);
    this.#watched.delete(channel);
  }

  #watching(asked: readonly number[], { presence, typing }: Watching): void {
    this.#must(asked.length <= MOST_WATCHED, "it may watch more channels than it should");
    const expected = [...new Set(asked)].filter((id) => this.told.has(id));
    const named = presence.map(({ channel }) => channel);
    this.#must(named.join() === expected.join(), `it watches ${named}, not ${expected}`);
    this.#watched = new Map(
      presence.map((now) => [now.channel, { presence: now, typing: undefined }]),
    );
    for (const now of typing) this.#watchedChannel(now.channel).typing = now;
    for (const now of presence) this.#checkPresence(now);
  }

  /** Checks that a picture is what is true now. */
  #checkPresence({ channel, online, onlineCount, memberCount }: Presence): void {
    const ids = this.#model.online(channel);
    const isRight =
      onlineCount === ids.size &&
      online.length === ids.size &&
      online.every(({ userId }) => ids.has(userId)) &&
      memberCount === this.#model.members(channel);
    this.#must(isRight, `the picture of channel ${channel} is wrong`);
  }

  #watchedChannel(channel: number): Watched {
    const watched = this.#watched.get(channel);
    this.#must(watched !== undefined, `it was told of channel ${channel}, which it does not watch`);
    return watched ?? ({} as Watched);
  }

  /** What a resume does, as the protocol tells it. */
  #resume(request: number, { cursors }: Resume): void {
    const before = new Map([...this.#following].map(([id, following]) => [id, { ...following }]));
    const refused = new Map<number, ErrorCode>();
    const last = new Map(cursors.map(({ channel, after }) => [channel, after]));
    for (const [channel, after] of last) {
      const head = this.#headOf(channel);
      if (head === undefined) refused.set(channel, ErrorCode.NO_SUCH_CHANNEL);
      else if (!this.told.has(channel)) refused.set(channel, ErrorCode.NOT_A_MEMBER);
      else if (after > head) {
        refused.set(channel, ErrorCode.CURSOR_AHEAD);
        this.#following.delete(channel);
      } else {
        this.#following.set(channel, { next: after + 1, phase: "behind", resume: request });
      }
    }
    for (const channel of this.told) {
      const phase = this.#following.get(channel)?.phase ?? "unsure";
      if (!last.has(channel) && phase === "unsure") {
        this.#beginAt(channel, this.#headOf(channel) ?? 0);
      }
    }
    this.#resumes.set(request, { before, refused });
  }

  #resumed(request: number, { cursors, refused }: Resumed): void {
    const expected = [...(this.#resumes.get(request)?.refused ?? [])];
    const told = refused.map(({ channel, code }) => [channel, code]);
    this.#must(told.join(";") === expected.join(";"), "it refused other cursors than it should");
    const listed = new Map(cursors.map(({ channel, after }) => [channel, after]));
    for (const [channel, after] of listed) {
      const following = this.#following.get(channel);
      this.#must(following?.next === after + 1, `channel ${channel} did not resume up to ${after}`);
      this.#must(this.#headOf(channel) === after, `channel ${channel} resumed short of its head`);
    }
    for (const [channel, following] of this.#following) {
      if (following.resume !== request) continue;
      this.#must(
        listed.has(channel),
        `channel ${channel} was to be resumed, and is not said to be`,
      );
      following.phase = "live";
    }
  }

  #refused(request: number, code: ErrorCode): void {
    const resume = this.#resumes.get(request);
    if (resume === undefined) return;
    if (code === ErrorCode.STORE_UNAVAILABLE) {
      for (const following of this.#following.values()) {
        if (following.resume === request) following.phase = "unsure";
      }
      return;
    }
    // Refused before anything was done.
    this.#following = resume.before;
  }

  #beginAt(channel: number, head: number): void {
    this.#following.set(channel, { next: head + 1, phase: "live", resume: undefined });
  }

  #must(isTrue: boolean, otherwise: string): void {
    this.#model.verdict.must(isTrue, `account ${this.account}: ${otherwise}`);
  }
}
