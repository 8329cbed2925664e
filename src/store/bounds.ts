/** The highest channel id and the highest number of a message: what a uint32 holds. */
export const MAX_CHANNEL_ID = 2 ** 32 - 1;
export const MAX_SEQ = 2 ** 32 - 1;
