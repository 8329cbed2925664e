import type { GoingAway } from "../wire/gen/hubbub/v1/events_pb.ts";
import { backoffCeilingMs, backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { closeAction } from "./close_policy.ts";
import { Comeback } from "./comeback.ts";
import type { Connection, Ending } from "./connection.ts";
import { asHubbubError, HubbubError } from "./errors.ts";
import type { ClientState, StateDetail } from "./events.ts";

interface Options {
  readonly clock: Clock;
  readonly random: () => number;
  /** One connection, from its opening to its end. Throws HubbubError where none came about. */
  readonly connect: () => Promise<Ending>;
  /** The server ended the sign-in that opened the connection. */
  readonly onSignedOut: () => void;
  readonly onState: (state: ClientState, detail: StateDetail) => void;
  /** It is over for good. */
  readonly onStop: (error: HubbubError) => void;
}

/**
 * Sees to it that there is a connection: after each end it waits and connects again, with
 * exponential back-off and full jitter, until it is stopped or told by the server not to come back.
 */
export class Reconnector {
  readonly #options: Options;
  #isStopped = false;
  #wasOnline = false;
  /** The server went away and said so, and none has been there since. */
  #comeback: Comeback | undefined;
  #cutWaitShort = () => {};

  constructor(options: Options) {
    this.#options = options;
  }

  start(): void {
    void this.#run();
  }

  /** There will be no further connection; the present one is the caller's to close. */
  stop(): void {
    this.#isStopped = true;
    this.#cutWaitShort();
  }

  /** Where a wait for the next try is on, ends it. */
  tryNow(): void {
    this.#cutWaitShort();
  }

  /** Everything the client needs of a connection works. */
  online(): void {
    this.#wasOnline = true;
    this.#options.onState("online", {});
  }

  /** The server goes away: the next tries are due as it says, whatever the back-off would say. */
  comeBackAfter(notice: GoingAway, connection: Connection): void {
    const { clock, random } = this.#options;
    const nowMs = clock.nowMs();
    this.#comeback = new Comeback(notice, nowMs, random);
    const delayMs = this.#comeback.dueAtMs - nowMs;
    // Should the server not close it by then, nobody is served by waiting longer.
    const cancel = clock.after(delayMs, () => connection.close());
    void connection.ended.then(cancel);
  }

  async #run(): Promise<void> {
    const { clock, random, onState, onStop } = this.#options;
    for (let attempt = 0; ; attempt++) {
      onState("connecting", {});
      const startedAtMs = clock.nowMs();
      const error = await this.#tryOnce();
      if (this.#isStopped) return;
      if (this.#isFinal(error)) {
        this.#isStopped = true;
        onStop(error);
        return;
      }
      // Only a connection that outlasted the wait for the next one shows that coming back helps;
      // one that is accepted and closed again at once must not be asked for ever faster.
      if (clock.nowMs() - startedAtMs >= backoffCeilingMs(attempt)) attempt = 0;
      const comebackMs = this.#comeback?.nextWaitMs(clock.nowMs(), random);
      const retryInMs = Math.max(error.retryAfterMs, comebackMs ?? backoffMs(attempt, random));
      // Back-off begins where the patience with a server that went away ends.
      if (comebackMs !== undefined) attempt = -1;
      onState("waiting", { error, retryInMs });
      await this.#wait(retryInMs);
      if (this.#isStopped) return;
    }
  }

  /** Returns why there is no connection any more. */
  async #tryOnce(): Promise<HubbubError> {
    const comeback = this.#comeback;
    try {
      const ending = await this.#options.connect();
      // A server was there again, and has not gone away anew.
      if (ending.welcomed && this.#comeback === comeback) this.#comeback = undefined;
      return this.#afterEnd(ending);
    } catch (thrown) {
      return asHubbubError(thrown);
    }
  }

  #afterEnd({ code, reason, welcomed }: Ending): HubbubError {
    const action = closeAction(code);
    // Before the welcome it was not this server that spoke, but a proxy or the platform.
    if (welcomed && (action === "fix" || action === "stop")) {
      return new HubbubError("REFUSED", `The server closed the connection (${code}: ${reason}).`);
    }
    if (action === "sign in again") this.#options.onSignedOut();
    const why = reason === "" ? String(code) : `${code}: ${reason}`;
    return new HubbubError("DISCONNECTED", `The connection ended (${why}).`);
  }

  #isFinal(error: HubbubError): boolean {
    // An access token or ticket that came too late; the next try has a new one.
    if (error.code === "INVALID_TOKEN") return false;
    // At the beginning it is the wrong address; later, whatever stands in the server's place.
    if (error.code === "UNEXPECTED_ANSWER") return !this.#wasOnline;
    return error.action !== "retry later" && error.action !== "reconnect and resume";
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(delayMs, resolve);
      this.#cutWaitShort = () => {
        cancel();
        resolve();
      };
    });
  }
}
