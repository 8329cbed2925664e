import type { Config } from "../../config.ts";
import { type Finding, ok, warn } from "./finding.ts";

const about = "exposure";

/** Who reaches the server, and whom it believes. */
export function exposureFindings(config: Config): Finding[] {
  const { host, trustedProxies, metrics, registration } = config;
  const found: Finding[] = [];
  const isLocal = /^(localhost|127\.|::1$|\[::1\]$)/.test(host);
  if (!isLocal && trustedProxies.length === 0) {
    found.push(
      warn(
        about,
        `It listens on ${host} without TLS of its own, and trusts no proxy.`,
        "Put a proxy with TLS in front, and name it in HUBBUB_TRUSTED_PROXIES: else passwords are sent in the open, or all clients seem to be one.",
      ),
    );
  }
  if (trustedProxies.some(isEverybody)) {
    found.push(
      warn(
        about,
        "Everybody is a trusted proxy, and may say to have any address.",
        "Name the proxy alone in HUBBUB_TRUSTED_PROXIES.",
      ),
    );
  }
  if (metrics.some(isEverybody)) {
    found.push(
      warn(
        about,
        "Everybody who connects directly may read /metrics.",
        "Name only your Prometheus in HUBBUB_METRICS.",
      ),
    );
  }
  found.push(...originFindings(config));
  if (found.length > 0) return found;
  const reached = isLocal ? "only this machine" : "whoever reaches this machine";
  const who =
    trustedProxies.length > 0 && isLocal ? `${reached} and who comes by its proxy` : reached;
  return [
    ok(
      about,
      `It listens on ${host}, for ${who}; ${registration === "open" ? "anybody there" : "only the operator"} may make accounts.`,
    ),
  ];
}

function originFindings({ origins, rpId, trustedProxies }: Config): Finding[] {
  const found: Finding[] = [];
  const open = origins.filter((origin) => {
    const { protocol, hostname } = new URL(origin);
    return protocol === "http:" && hostname !== "localhost" && !hostname.startsWith("127.");
  });
  if (open.length > 0) {
    found.push(
      warn(
        about,
        `Pages without TLS may connect: ${open.join(", ")}.`,
        "Whoever is on the way can change such a page. Write https:// in HUBBUB_ORIGINS.",
      ),
    );
  }
  if (trustedProxies.length > 0 && origins.length === 0 && rpId === "") {
    found.push(
      warn(
        about,
        "It is behind a proxy, and passkeys are bound to localhost.",
        "Set HUBBUB_RP_ID to the domain before the first is made, and HUBBUB_ORIGINS to https:// and the domain.",
      ),
    );
  }
  return found;
}

function isEverybody(network: string): boolean {
  return /\/0$/.test(network);
}
