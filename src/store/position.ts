/**
 * A message's place in the file: its channel and its number in one integer, so that a channel's
 * messages lie together in order and one B-tree is enough. Exact as a JavaScript number, because
 * channel ids end at 2^21 - 1 and numbers at 2^32 - 1.
 */
export function positionOf(channel: number, seq: number): number {
  return channel * POSITIONS_PER_CHANNEL + seq;
}

/** The channel of a position. */
export function channelOf(position: number): number {
  return Math.floor(position / POSITIONS_PER_CHANNEL);
}

/** The message's number of a position. */
export function seqOf(position: number): number {
  return position % POSITIONS_PER_CHANNEL;
}

export const POSITIONS_PER_CHANNEL = 2 ** 32;
export const MAX_CHANNEL_ID = 2 ** 21 - 1;
export const MAX_SEQ = 2 ** 32 - 1;
