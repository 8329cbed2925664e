import type { Config } from "../config.ts";

/** Whose passkeys these are, in WebAuthn's words: a domain, and the pages that may use them. */
export interface RelyingParty {
  /** The domain that passkeys are bound to. A browser offers them to its pages alone. */
  readonly id: string;
  /** The origins that an answer may come from. */
  readonly origins: readonly string[];
}

/**
 * What the settings make of it. Nothing of it is taken from a request: a `Host` that somebody made
 * up must not decide which pages count as ours.
 *
 * The origins are `https://<id>`, those listed that lie beneath the id, and for a server on its own
 * machine `http://localhost:<port>`, which browsers trust like https.
 */
export function relyingPartyOf(config: Pick<Config, "rpId" | "origins" | "port">): RelyingParty {
  const listed = config.origins.map((origin) => ({ origin, host: new URL(origin).hostname }));
  const id = config.rpId || listed.find(({ host }) => isDomain(host))?.host || "localhost";
  const beneath = listed.filter(({ host }) => host === id || host.endsWith(`.${id}`));
  const own = [`https://${id}`];
  if (id === "localhost" && config.port !== 0) own.push(`http://localhost:${config.port}`);
  return { id, origins: [...new Set([...own, ...beneath.map(({ origin }) => origin)])] };
}

/** WebAuthn, section 5.1.3, step 9: an address is no domain. URL has checked the form. */
function isDomain(host: string): boolean {
  return !host.startsWith("[") && !/^[\d.]+$/.test(host);
}
