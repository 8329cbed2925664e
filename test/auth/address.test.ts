import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { clientAddress, networkOf, networksOf } from "../../src/auth/address.ts";
import { settings } from "../../src/config.ts";

const proxies = networksOf(["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);

describe("the client's address", () => {
  test.each<[what: string, peer: string, forwarded: string | null, client: string]>([
    [
      "is the peer's, whatever the header says, where the peer is no proxy",
      "203.0.113.5",
      "1.2.3.4",
      "203.0.113.5",
    ],
    ["is the peer's where a proxy says nothing", "10.1.2.3", null, "10.1.2.3"],
    ["is what our proxy saw", "10.1.2.3", "203.0.113.5", "203.0.113.5"],
    [
      "is the last that is not our own proxy",
      "10.1.2.3",
      "203.0.113.5, 192.0.2.7, 10.9.9.9",
      "203.0.113.5",
    ],
    [
      "is not what the client wrote before it",
      "10.1.2.3",
      "1.2.3.4, 127.0.0.1, 203.0.113.5",
      "203.0.113.5",
    ],
    [
      "is not a proxy's address that the client wrote",
      "10.1.2.3",
      "10.5.5.5, 203.0.113.5",
      "203.0.113.5",
    ],
    ["is the proxy's where it passed on rubbish", "10.1.2.3", "1.2.3.4, rubbish", "10.1.2.3"],
    ["is the proxy's where it passed on nothing", "10.1.2.3", "", "10.1.2.3"],
    ["is the first of ours where all are ours", "10.1.2.3", "10.0.0.1, 10.0.0.2", "10.0.0.1"],
    ["may be told with a port", "10.1.2.3", "203.0.113.5:4711", "203.0.113.5"],
    ["may be told in brackets", "10.1.2.3", "[2001:db8::5]:4711", "2001:db8::5"],
    ["is no octal or hexadecimal number", "10.1.2.3", "0x7f.1", "10.1.2.3"],
    [
      "is IPv4 though a socket of IPv6 tells it",
      "::ffff:10.1.2.3",
      "::ffff:203.0.113.5",
      "203.0.113.5",
    ],
    ["may come by a proxy in IPv6", "fd12::1", "2001:db8::5", "2001:db8::5"],
    ["has no zone", "fe80::1%eth0", null, "fe80::1"],
  ])("%s", (_, peer, forwarded, client) => {
    expect(clientAddress(peer, forwarded, proxies)).toBe(client);
  });

  test("is the peer's where no proxy is trusted", () => {
    expect(clientAddress("127.0.0.1", "203.0.113.5", [])).toBe("127.0.0.1");
  });

  test("is unknown where the socket has none", () => {
    expect(clientAddress(undefined, "203.0.113.5", proxies)).toBeUndefined();
  });

  test("is never one that only the client wrote, however it writes it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (forged) => {
        expect(clientAddress("10.1.2.3", `${forged}, 203.0.113.5`, proxies)).toBe("203.0.113.5");
        expect(clientAddress("203.0.113.5", forged, proxies)).toBe("203.0.113.5");
      }),
    );
  });

  test("is found in a header of any length, for the last hops are what counts", () => {
    const header = `${"1.1.1.1,".repeat(100_000)} 203.0.113.5`;
    expect(clientAddress("10.1.2.3", header, proxies)).toBe("203.0.113.5");
  });
});

describe("a network", () => {
  test("is an IPv4 address by itself, and an IPv6 address's /64", () => {
    expect(networkOf("192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(networkOf("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:DB8:1:2::9")).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:db8:1:3::9")).toBe("2001:db8:1:3::/64");
    expect(networkOf(undefined)).toBe("unknown");
  });
});

describe("the setting", () => {
  test.each<[string, readonly string[] | undefined]>([
    ["", []],
    ["127.0.0.1", ["127.0.0.1"]],
    ["10.0.0.0/8, ::1,fd00::/8", ["10.0.0.0/8", "::1", "fd00::/8"]],
    ["proxy.example.org", undefined],
    ["10.0.0.0/33", undefined],
    ["10.0.0.0/8/8", undefined],
    ["10.1/8", undefined],
    ["::/129", undefined],
    ["10.0.0.1/", undefined],
    ["*", undefined],
  ])("%j", (text, expected) => {
    expect(settings.trustedProxies.parse(text)).toEqual(expected);
    expect(networksOf(expected ?? [])).toHaveLength(expected?.length ?? 0);
  });
});
