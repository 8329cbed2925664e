/** Why an authenticator's answer was not accepted. For the log; nobody who asks is told. */
export class PasskeyFault extends Error {
  override readonly name = "PasskeyFault";
  /** @param isCloned Whether everything was right but the counter. */
  constructor(
    reason: string,
    readonly isCloned = false,
  ) {
    // The library quotes what was sent; a log line takes a short and harmless part of it.
    super(reason.replace(/[^ -~]/g, "?").slice(0, 160));
  }
}
