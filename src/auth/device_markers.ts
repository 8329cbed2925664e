import { createHmac, timingSafeEqual } from "node:crypto";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Each sign-in gives another, so this is how long a device may stay away. */
const LIFE_DAYS = 400;
const PATTERN = /^(\d{1,6})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;

/**
 * Marks by which a device is known that has signed in to an account before, so that whoever tries
 * passwords elsewhere cannot make its owner wait (the "device cookies" of OWASP, Slow Down Online
 * Guessing Attacks with Device Cookies). A mark lets nobody in and needs no table: it is
 * `<day>.<device id>.<HMAC-SHA-256 of both and the account>`. The device's id is the id of the session
 * that it last began.
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

  /** The marker of a device of the account. */
  issue(accountId: number, sessionId: string): string {
    const signed = `${Math.floor(this.#now() / DAY_MS)}.${sessionId}`;
    return `${signed}.${this.#mac(accountId, signed).toString("base64url")}`;
  }

  /** The device's id; undefined for what is no marker of this account, or too old. */
  read(marker: string | undefined, accountId: number): string | undefined {
    const [, day = "", device = "", mac = ""] = PATTERN.exec(marker ?? "") ?? [];
    if (device === "") return undefined;
    const expected = this.#mac(accountId, `${day}.${device}`);
    if (!timingSafeEqual(expected, Buffer.from(mac, "base64url"))) return undefined;
    const ageDays = Math.floor(this.#now() / DAY_MS) - Number(day);
    return ageDays <= LIFE_DAYS ? device : undefined;
  }

  #mac(accountId: number, signed: string): Buffer {
    return createHmac("sha256", this.#key).update(`${accountId}.${signed}`).digest();
  }
}
