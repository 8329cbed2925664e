/** Account names: 3 to 32 characters. Compared case-insensitively, shown as they were registered. */
export const accountNamePattern = /^[A-Za-z0-9_.-]{3,32}$/;

/** Channel names: 1 to 64 characters. Compared case-insensitively, shown as they were created. */
export const channelNamePattern = /^[A-Za-z0-9_.-]{1,64}$/;

/** What two names share when they count as the same. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}
