import type { User } from "./user.ts";

/** How many sockets receive a channel's messages live, by the encoding they speak. */
export interface ReceiverCounts {
  binary: number;
  json: number;
}

/** A channel, as long as the server runs. */
export class Channel {
  /** The number of its newest delivered message; 0 while there is none. */
  head: number;
  /** Accounts that have joined, connected or not. */
  memberCount: number;
  /** Members with a connection, by account id. */
  readonly online = new Map<number, User>();
  readonly receivers: ReceiverCounts = { binary: 0, json: 0 };
  /** The pub/sub topics of its receivers, one for each encoding. */
  readonly topics: Readonly<Record<keyof ReceiverCounts, string>>;

  constructor(
    readonly id: number,
    readonly name: string,
    head: number,
    memberCount: number,
  ) {
    this.head = head;
    this.memberCount = memberCount;
    this.topics = { binary: `channel/${id}/binary`, json: `channel/${id}/json` };
  }
}
