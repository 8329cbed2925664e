import ipaddr from "ipaddr.js";
import type { Log } from "../monitor/log.ts";

/** Networks of proxies, as `HUBBUB_TRUSTED_PROXIES` names them. */
export type Networks = readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

/** Nobody has that many proxies; a longer list is not worth the time. */
const MOST_HOPS = 20;
/** By one of these a proxy is known: it writes where a request came from, or that it passed it on. */
const proxyHeaders = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];
/** A host's own network in IPv6: whoever has one address of it has them all (RFC 6177). */
const IPV6_NETWORK_BITS = 64;

/** Finds the address that requests come from: see `clientAddress`. */
export function addressFinder(trustedProxies: readonly string[], log: Log) {
  const proxies = networksOf(trustedProxies);
  let isTold = false;
  return (request: Request, peer: string | undefined): string | undefined => {
    const forwardedFor = request.headers.get("x-forwarded-for");
    if (forwardedFor !== null && !isTold && !isTrusted(peer, proxies)) {
      // Once: everybody can send it. But behind a proxy, all users would be one address.
      isTold = true;
      log.warn(
        { peer },
        "X-Forwarded-For is ignored: it came from no proxy of HUBBUB_TRUSTED_PROXIES",
      );
    }
    return clientAddress(peer, forwardedFor, proxies);
  };
}

/**
 * Finds out whether a request came over https: to a proxy of ours, which says so in
 * `X-Forwarded-Proto`. This server itself speaks http alone.
 */
export function httpsFinder(trustedProxies: readonly string[]) {
  const proxies = networksOf(trustedProxies);
  return (request: Request, peer: string | undefined): boolean =>
    proxies.length > 0 &&
    request.headers.get("x-forwarded-proto") === "https" &&
    isTrusted(peer, proxies);
}

/**
 * Finds out who may read `/metrics`: who connects directly from one of these networks. What came
 * through a proxy never may, for the proxy's own address says nothing of who asks.
 */
export function metricsReaders(readers: readonly string[]) {
  const networks = networksOf(readers);
  return (request: Request, peer: string | undefined): boolean =>
    isTrusted(peer, networks) && proxyHeaders.every((name) => !request.headers.has(name));
}

/** @param texts addresses and CIDR blocks, already validated: see config.ts. */
export function networksOf(texts: readonly string[]): Networks {
  return texts.map((text) => {
    if (text.includes("/")) return ipaddr.parseCIDR(text);
    const address = ipaddr.process(text);
    return [address, address.kind() === "ipv4" ? 32 : 128] as const;
  });
}

/**
 * The address that a request comes from. Everybody can write `X-Forwarded-For`, so it counts only
 * as far as proxies of ours wrote it: from the right, each entry was added by the hop behind it, and
 * the first that is not one of our proxies is the client. Whatever is written to the left of that
 * one, the client may have made up.
 *
 * @param peer the address at the other end of the connection.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | null,
  proxies: Networks,
): string | undefined {
  const direct = addressIn(peer ?? "");
  if (direct === undefined) return peer;
  let client = direct;
  if (proxies.length > 0 && forwardedFor !== null) {
    const hops = forwardedFor.split(",").slice(-MOST_HOPS);
    while (isAmong(client, proxies)) {
      const hop = addressIn((hops.pop() ?? "").trim());
      // No entry, or one that is no address: it came from the proxy that we know.
      if (hop === undefined) break;
      client = hop;
    }
  }
  return client.toString();
}

/**
 * What one network is known by: an IPv4 address by itself, an IPv6 address by its /64, for there one
 * machine has more addresses than could be remembered.
 */
export function networkOf(address: string | undefined): string {
  const parsed = addressIn(address ?? "");
  if (parsed === undefined) return "unknown";
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  const network = ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${IPV6_NETWORK_BITS}`);
  return `${network.toString()}/${IPV6_NETWORK_BITS}`;
}

/**
 * An address as headers and sockets write it: IPv4 in four decimal parts, IPv6, in brackets or not,
 * either with a port or not, IPv6 with a zone or not. IPv4 written as IPv6 is IPv4.
 */
function addressIn(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? [];
  const [, beforePort] = /^([\d.]+):\d{1,5}$/.exec(text) ?? [];
  const [plain = ""] = (bracketed ?? beforePort ?? text).split("%");
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(plain) || ipaddr.IPv6.isValid(plain);
  return isAddress ? ipaddr.process(plain) : undefined;
}

function isTrusted(peer: string | undefined, proxies: Networks): boolean {
  const address = addressIn(peer ?? "");
  return address !== undefined && isAmong(address, proxies);
}

function isAmong(address: ipaddr.IPv4 | ipaddr.IPv6, networks: Networks): boolean {
  return networks.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  );
}
