import type { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Channel } from "./channel.ts";

const utf8 = new TextEncoder();

/** One of a user's connections, as the channels see it. */
export interface Connection {
  /**
   * The user is in the channel now; deliver what comes after `channel.head`.
   *
   * @param asked this connection asked for it, and gets its answer elsewhere.
   */
  joined(channel: Channel, asked: boolean): void;
  /**
   * The user is no longer in the channel; deliver nothing more of it. `asked` as above.
   *
   * @param code why, where no connection of the user asked for it.
   */
  left(channel: Channel, asked: boolean, code?: ErrorCode): void;
}

/** An account that is connected, or whose last joins and leaves are still being written. */
export class User {
  /** The channels the user is in, by id. The truth while the user is here: see write-behind. */
  readonly channels = new Map<number, Channel>();
  readonly connections = new Set<Connection>();

  /** UTF-8. */
  readonly nameBytes: Uint8Array;

  constructor(
    readonly id: number,
    readonly name: string,
  ) {
    this.nameBytes = utf8.encode(name);
  }
}
