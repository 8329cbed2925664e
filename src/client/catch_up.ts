import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { backoffMs } from "./backoff.ts";
import { type Clock, sleep } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { asHubbubError, type HubbubError } from "./errors.ts";
import type { Answer, CommandFields, CommandName } from "./frames.ts";
import type { Membership, Memberships } from "./memberships.ts";

/** Cursors take at most 14 bytes each, and the smallest frame limit a server may have is 1 KiB. */
const CURSORS_PER_FRAME = 64;

interface Options {
  readonly connection: Connection;
  readonly memberships: Memberships;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onReset: (membership: Membership) => void;
  readonly onLeft: (membership: Membership, error: HubbubError | undefined) => void;
}

/** Asks, on one connection, for what was missed: at its beginning, and where a gap shows. */
export class CatchUp {
  readonly #options: Options;
  /** The last number handed out when a channel was asked for out of turn. */
  readonly #askedFrom = new Map<Membership, number>();

  constructor(options: Options) {
    this.#options = options;
  }

  /**
   * Resolves when the first resume of every channel is answered. Cursors that the server cannot
   * follow for now, and channels to join again, go on in the background.
   *
   * @throws HubbubError when the connection ends, or the server refuses the command as such.
   */
  async begin(resume: readonly Membership[], rejoin: readonly Membership[]): Promise<void> {
    this.#inBackground(this.#rejoin(rejoin));
    const open: Membership[] = [];
    // Once at least, also without any channel: delivery begins with it.
    for (let at = 0; at === 0 || at < resume.length; at += CURSORS_PER_FRAME) {
      open.push(...(await this.#resume(resume.slice(at, at + CURSORS_PER_FRAME))));
    }
    this.#inBackground(this.#followLater(open));
  }

  /** A message is missing, or delivery has begun after what was seen: asks for what is between. */
  fill(membership: Membership): void {
    if (this.#askedFrom.get(membership) === membership.last) {
      // It was asked for and did not come. A new connection may know better; a loop would not.
      this.#options.connection.drop("messages are missing from what the server delivers");
      return;
    }
    this.#askedFrom.set(membership, membership.last);
    this.#inBackground(this.#follow([membership]));
  }

  async #follow(memberships: readonly Membership[]): Promise<void> {
    await this.#followLater(await this.#resume(memberships));
  }

  async #followLater(memberships: readonly Membership[]): Promise<void> {
    const { clock, random } = this.#options;
    let open = memberships;
    for (let attempt = 0; open.length > 0; attempt++) {
      await sleep(clock, backoffMs(attempt, random));
      open = await this.#resume(open);
    }
  }

  /** Returns those whose cursors are to be asked for again. */
  async #resume(memberships: readonly Membership[]): Promise<Membership[]> {
    const { memberships: known, onReset, onLeft } = this.#options;
    const cursors = memberships
      .filter(({ phase }) => phase !== "ended")
      .map(({ id, last }) => ({ channel: id, after: last }));
    const { refused, cursors: reached } = await this.#insist("resume", { cursors });
    for (const { channel, after } of reached) {
      const membership = known.get(channel);
      const isBehind = membership !== undefined && membership.last < after;
      if (isBehind && memberships.includes(membership)) this.fill(membership);
    }
    const open: Membership[] = [];
    for (const { channel, code } of refused) {
      const membership = known.get(channel);
      if (!membership) continue;
      if (code === ErrorCode.NOT_A_MEMBER || code === ErrorCode.NO_SUCH_CHANNEL) {
        onLeft(membership, undefined);
        continue;
      }
      if (code === ErrorCode.CURSOR_AHEAD) {
        known.restart(membership);
        onReset(membership);
      }
      open.push(membership);
    }
    return open;
  }

  async #rejoin(memberships: readonly Membership[]): Promise<void> {
    for (const membership of memberships) {
      if (!membership.isOwnJoin) {
        // The application has asked to leave it since.
        this.#options.onLeft(membership, undefined);
        continue;
      }
      try {
        await this.#insist("join", { name: membership.name });
      } catch (thrown) {
        const error = asHubbubError(thrown);
        if (this.#options.connection.isOver || error.code === "GOING_AWAY") return;
        this.#options.onLeft(membership, error);
      }
    }
  }

  /** Repeats a command while the server says that trying again later helps. */
  async #insist<Name extends CommandName>(
    name: Name,
    fields: CommandFields<Name>,
  ): Promise<Answer<Name>> {
    const { connection, clock, random } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await connection.request(name, fields);
      } catch (thrown) {
        const error = asHubbubError(thrown);
        if (connection.isOver || error.action !== "retry later") throw error;
        await sleep(clock, error.retryAfterMs || backoffMs(attempt, random));
      }
    }
  }

  #inBackground(work: Promise<void>): void {
    work.catch((thrown) => {
      const { connection } = this.#options;
      const error = asHubbubError(thrown);
      // A server that goes away closes the connection by itself, in good order.
      if (error.code !== "GOING_AWAY") connection.drop(error.text);
    });
  }
}
