import { createHmac, timingSafeEqual } from "node:crypto";
import type { SessionHolder } from "./access_tokens.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Each sign-in gives another, so this is how long a device may stay away. */
const LIFE_DAYS = 400;
const PATTERN = /^(\d{1,6})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

/**
 * Marks by which a device is known that has signed in to an account before, so that whoever tries
 * passwords elsewhere cannot make its owner wait (the "device cookies" of OWASP, Slow Down Online
 * Guessing Attacks with Device Cookies). A mark lets nobody in and needs no table: it is
 * `<day>.<device id>.<HMAC-SHA-256 of both, the account and its epoch>`. The device's id is the id of the
 * session that it last began.
 *
 * By the epoch, marks end with what they were earned by: whoever knew a password once could have had
 * hundreds, each with tries of its own at the next one.
 */
export class DeviceMarkers {
  readonly #key: Uint8Array;
  readonly #now: () => number;

  /**
   * @param secret the server's signing secret; what it signs here is told apart from tokens.
   * @param now milliseconds since the Unix epoch.
   */
  constructor(secret: string, now: () => number) {
    this.#key = createHmac("sha256", secret).update("hubbub device marker").digest();
    this.#now = now;
  }

  /** The marker of a device of the account, good for as long as the account has that epoch. */
  issue({ accountId, sessionId, epoch }: SessionHolder): string {
    const signed = `${Math.floor(this.#now() / DAY_MS)}.${sessionId}`;
    return `${signed}.${this.#mac(accountId, epoch, signed).toString("base64url")}`;
  }

  /** The device's id; undefined for what is no marker of this account and epoch, or too old. */
  read(marker: string | undefined, accountId: number, epoch: number): string | undefined {
    const [, day = "", device = "", mac = ""] = PATTERN.exec(marker ?? "") ?? [];
    if (device === "") return undefined;
    const expected = this.#mac(accountId, epoch, `${day}.${device}`);
    if (!timingSafeEqual(expected, Buffer.from(mac, "base64url"))) return undefined;
    const ageDays = Math.floor(this.#now() / DAY_MS) - Number(day);
    return ageDays <= LIFE_DAYS ? device : undefined;
  }

  #mac(accountId: number, epoch: number, signed: string): Buffer {
    return createHmac("sha256", this.#key).update(`${accountId}.${epoch}.${signed}`).digest();
  }
}
