import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { Allowance } from "./allowance.ts";
import { BackOff } from "./back_off.ts";
import { Refusal } from "./refusal.ts";

/** Keys that each table remembers: a few megabytes at the most. */
const KEYS = 16_384;
/** Wrong passwords for one account by strangers, from wherever (NIST SP 800-63B, section 3.2.2). */
const STRANGERS_FAILURES = { burst: 100, perHour: 20, keys: KEYS } as const;
/** What a known device may try where its network's allowance is used up by others. */
const DEVICE_TRIES = { burst: 10, perHour: 120, keys: KEYS } as const;

/** Who tries a password. */
export interface Candidate {
  /** The account's name as it is compared, whether there is such an account or not. */
  readonly account: string;
  /** As `networkOf` has it. */
  readonly network: string;
  /** A device that has signed in to this account before, by its id. */
  readonly device: string | undefined;
}

/** A try that may be made. It counts as failed unless one of these is called. */
export interface Try {
  /** The password was right. */
  readonly succeeded: () => void;
  /** It was not checked. */
  readonly withdrawn: () => void;
}

/**
 * Who may try a password, and when. All of it is kept in memory of bounded size, and asks nothing of
 * the account, so that it is the same for names that do not exist.
 *
 * 1. Each network has an allowance of tries a minute.
 * 2. Wrong passwords make the next try wait, twice as long each time: for a stranger by account and
 *    network; for a known device by that device alone, so that no one else can make it wait.
 * 3. Strangers together have an allowance of wrong passwords for each account, from however many
 *    networks they come.
 */
export class Admission {
  readonly #networks: Allowance;
  readonly #devices: Allowance;
  readonly #strangers: Allowance;
  readonly #backOff: BackOff;

  /** @param clockMs a clock in ms that never goes back. */
  constructor(triesPerMinute: number, clockMs: () => number = () => performance.now()) {
    const limits = { burst: triesPerMinute, perHour: triesPerMinute * 60, keys: KEYS };
    this.#networks = new Allowance(limits, clockMs);
    this.#devices = new Allowance(DEVICE_TRIES, clockMs);
    this.#strangers = new Allowance(STRANGERS_FAILURES, clockMs);
    this.#backOff = new BackOff(KEYS, clockMs);
  }

  /**
   * Takes a try from the network's allowance, or where that is used up from the device's.
   *
   * @throws Refusal RATE_LIMITED with the time to wait.
   */
  charge(network: string, device?: string): void {
    const waitMs = this.#networks.take(network);
    if (waitMs === 0 || (device !== undefined && this.#devices.take(device) === 0)) return;
    throw tooMany(waitMs);
  }

  /**
   * Begins a try, which is taken for failed until it is told otherwise.
   *
   * @throws Refusal RATE_LIMITED with the time to wait.
   */
  begin({ account, network, device }: Candidate): Try {
    const backOffKey = device === undefined ? `${account} at ${network}` : `device ${device}`;
    const waitMs = this.#backOff.waitMs(backOffKey);
    if (waitMs > 0) throw tooMany(waitMs);
    if (device === undefined) {
      const strangersWaitMs = this.#strangers.take(account);
      if (strangersWaitMs > 0) throw tooMany(strangersWaitMs);
    }
    this.#backOff.failed(backOffKey);
    const giveBack = () => {
      if (device === undefined) this.#strangers.giveBack(account);
    };
    return {
      succeeded: () => {
        giveBack();
        this.#backOff.succeeded(backOffKey);
      },
      withdrawn: () => {
        giveBack();
        this.#backOff.withdraw(backOffKey);
      },
    };
  }
}

function tooMany(waitMs: number): Refusal {
  return new Refusal(ErrorCode.RATE_LIMITED, "Too many tries. Wait and try again.", waitMs);
}
