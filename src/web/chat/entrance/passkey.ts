/**
 * Asks the browser for a passkey's answer, by the options that the server gave as JSON.
 *
 * @throws DOMException where there is none: the browser does not say whether somebody closed its
 * dialog or has no such passkey, so that no page learns which there are.
 */
export async function answerByPasskey(options: object): Promise<object> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as PublicKeyCredentialRequestOptionsJSON,
  );
  const answer = await navigator.credentials.get({ publicKey });
  return (answer as PublicKeyCredential).toJSON();
}

/** Whether this browser takes passkeys as this page handles them. */
export function takesPasskeys(): boolean {
  return typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === "function";
}
