import type { KeptChannel } from "./retention.ts";

/** Messages whose bytes are counted in one call. */
const COUNTED_AT_ONCE = 1_000;

/** A channel's bytes, as far as they have been counted. */
interface Count {
  upTo: number;
  bytes: number;
  readonly rewrites: number;
}

/** What the messages of channels take, encoded. Those counted once are remembered, and only newer ones read. */
export class ByteCounts {
  readonly #bytesOf: (channel: number, from: number, to: number) => Promise<number>;
  readonly #counts = new Map<number, Count>();

  /** @param bytesOf what these messages of a channel take. Rejects with StoreError. */
  constructor(bytesOf: (channel: number, from: number, to: number) => Promise<number>) {
    this.#bytesOf = bytesOf;
  }

  /**
   * What a channel's messages take up to its head as it is now.
   *
   * @param isStopped asked between two calls; then the count is not complete.
   */
  async of(channel: KeptChannel, isStopped: () => boolean): Promise<number> {
    const { id, head, gone, rewrites } = channel;
    const known = this.#counts.get(id);
    const count = known?.rewrites === rewrites ? known : { upTo: gone, bytes: 0, rewrites };
    this.#counts.set(id, count);
    while (count.upTo < head && !isStopped()) {
      const to = Math.min(head, count.upTo + COUNTED_AT_ONCE);
      const bytes = await this.#bytesOf(id, count.upTo + 1, to);
      count.bytes += bytes;
      count.upTo = to;
    }
    return count.bytes;
  }

  /** Messages of a channel up to `gone`, which were so many bytes, are there no more. */
  went(id: number, gone: number, bytes: number): void {
    const count = this.#counts.get(id);
    if (count === undefined) return;
    // Some of them had not been counted.
    if (gone > count.upTo) this.#counts.delete(id);
    else count.bytes -= bytes;
  }

  /** Forgets those that are counted no more. */
  forgetBut(isCounted: (id: number) => boolean): void {
    for (const id of this.#counts.keys()) if (!isCounted(id)) this.#counts.delete(id);
  }
}
