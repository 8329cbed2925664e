/**
 * The challenge that an authenticator's answer says it is for; undefined where it says none. It is
 * signed with the rest, so believing it is no more than a way to find what to check it against.
 *
 * @param clientDataJson In base64url, as browsers send it.
 */
export function challengeOf(clientDataJson: string): string | undefined {
  try {
    const { challenge } = JSON.parse(Buffer.from(clientDataJson, "base64url").toString());
    return typeof challenge === "string" ? challenge : undefined;
  } catch {
    return undefined;
  }
}
