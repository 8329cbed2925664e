/** Messages this far apart do not belong to one another, though they have one author. */
const GROUP_GAP_MS = 5 * 60_000;
/** However much one author says, the name and the time stand there again after this long. */
const GROUP_SPAN_MS = 15 * 60_000;

/** Of a message, what decides how it stands below the one before it. */
interface Said {
  readonly authorId: number;
  readonly timeMs: number;
}

/** Whether a message belongs to the one before it, and needs no name above it. */
export function isGrouped(before: Said, message: Said): boolean {
  const { authorId, timeMs } = message;
  // It depends on nothing but these two, so it stays as it is whatever is loaded before them.
  return (
    before.authorId === authorId &&
    Math.abs(timeMs - before.timeMs) < GROUP_GAP_MS &&
    Math.floor(timeMs / GROUP_SPAN_MS) === Math.floor(before.timeMs / GROUP_SPAN_MS)
  );
}

/** Says times as the reader does: in the reader's zone, hours as the reader counts them. */
export class Times {
  readonly #short: Intl.DateTimeFormat;
  readonly #full: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #dayOfYear: Intl.DateTimeFormat;
  readonly #key: Intl.DateTimeFormat;

  /**
   * @param languages those of the reader, the best first. The page is in English, so the best
   * English one says the words; the first one says whether the day has twelve hours or twenty-four.
   * @param timeZone the browser's own unless said.
   */
  constructor(languages: readonly string[], timeZone?: string) {
    const language = languages.find((name) => /^en\b/i.test(name)) ?? "en-GB";
    const { hourCycle } = new Intl.DateTimeFormat([...languages], {
      hour: "numeric",
    }).resolvedOptions();
    const zone = timeZone === undefined ? {} : { timeZone };
    const hour = hourCycle === "h12" || hourCycle === "h11" ? "numeric" : "2-digit";
    const time = { hour, minute: "2-digit", ...(hourCycle ? { hourCycle } : {}) } as const;
    const date = { weekday: "long", day: "numeric", month: "long" } as const;
    const format = (options: Intl.DateTimeFormatOptions, locale = language) =>
      new Intl.DateTimeFormat(locale, { ...zone, ...options });
    this.#short = format(time);
    this.#full = format({ ...date, year: "numeric", ...time, second: "2-digit" });
    this.#dayOfYear = format(date);
    this.#day = format({ ...date, year: "numeric" });
    this.#key = format({ year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA");
  }

  /** The time of day: `9:05`. */
  short(timeMs: number): string {
    return this.#short.format(timeMs);
  }

  /** Day and time to the second. */
  full(timeMs: number): string {
    return this.#full.format(timeMs);
  }

  /** Names the reader's day that holds this time: `2026-11-23`. */
  dayKey(timeMs: number): string {
    return this.#key.format(timeMs);
  }

  /** The day as one says it at `nowMs`: Today, Yesterday, Monday 23 November, with another year that too. */
  day(timeMs: number, nowMs: number): string {
    const key = this.dayKey(timeMs);
    const today = this.dayKey(nowMs);
    if (key === today) return "Today";
    // Both are read as midnights in UTC, where every day has 24 hours.
    const days = (Date.parse(today) - Date.parse(key)) / 86_400_000;
    if (days === 1) return "Yesterday";
    const isThisYear = key.slice(0, 4) === today.slice(0, 4);
    return (isThisYear ? this.#dayOfYear : this.#day).format(timeMs);
  }
}
