import type { Channel } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { type Findings, type Room, Track } from "./integrity.ts";

/** The channels that one user is in, each with what it was delivered of it. */
export class Memberships {
  readonly #byId = new Map<number, Track>();
  readonly #byName = new Map<string, Track>();
  readonly #receiver: string;
  readonly #findings: Findings;
  readonly #room: (id: number, name: string) => Room;

  constructor(receiver: string, findings: Findings, room: (id: number, name: string) => Room) {
    this.#receiver = receiver;
    this.#findings = findings;
    this.#room = room;
  }

  /** Hot. */
  get(channel: number): Track | undefined {
    return this.#byId.get(channel);
  }

  named(name: string): Track | undefined {
    return this.#byName.get(name);
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  /** Delivery of a channel begins after its head. Nothing happens where it has begun before. */
  begin({ id, name, head }: Channel): void {
    if (this.#byId.has(id)) return;
    const track = new Track(this.#room(id, name), this.#receiver, head, this.#findings);
    this.#byId.set(id, track);
    this.#byName.set(name, track);
  }

  /** Delivery of a channel has ended, with everything up to `owed` to be there. */
  end(track: Track, owed: number): void {
    track.settle(owed);
    this.#byId.delete(track.room.id);
    this.#byName.delete(track.room.name);
  }

  /** A new connection begins with these channels: what is known of them goes on. */
  reconcile(channels: readonly Channel[]): void {
    const present = new Set(channels.map(({ id }) => id));
    for (const track of [...this.#byId.values()]) {
      if (!present.has(track.room.id)) this.end(track, track.last);
    }
    for (const channel of channels) this.begin(channel);
  }

  /** Where a resume should begin. */
  cursors(): { channel: number; after: number }[] {
    return [...this.#byId.values()].map(({ room, last }) => ({ channel: room.id, after: last }));
  }

  /** What is owed of each channel by now. */
  owed(): Map<Track, number> {
    return new Map([...this.#byId.values()].map((track) => [track, track.room.head]));
  }

  /** Delivery has ended altogether. */
  settle(owed: ReadonlyMap<Track, number>): void {
    for (const track of this.#byId.values()) track.settle(owed.get(track) ?? track.last);
  }
}
