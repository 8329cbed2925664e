import { describe, expect, test } from "bun:test";
import { metricsReaders } from "../../src/auth/address.ts";
import { settings } from "../../src/config.ts";

describe("who may read /metrics", () => {
  const asks = (peer: string, networks: string, headers: Record<string, string> = {}) =>
    metricsReaders(settings.metrics.parse(networks) ?? [])(
      new Request("http://localhost/metrics", { headers }),
      peer,
    );
  const { default: own } = settings.metrics;

  test.each(["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])("by itself %s may", (peer) => {
    expect(asks(peer, own)).toBe(true);
  });

  test.each(["10.0.0.5", "192.0.2.1", "2001:db8::1", "fe80::1", "nonsense", ""])(
    "and %p may not",
    (peer) => {
      expect(asks(peer, own)).toBe(false);
    },
  );

  test("a setting lets others in, or nobody", () => {
    expect(asks("10.0.0.5", "10.0.0.0/24")).toBe(true);
    expect(asks("127.0.0.1", "10.0.0.0/24")).toBe(false);
    expect(asks("127.0.0.1", "")).toBe(false);
  });

  test.each(["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])(
    "what came through a proxy, by its %s, may not, whoever the proxy is",
    (header) => {
      expect(asks("127.0.0.1", own, { [header]: "127.0.0.1" })).toBe(false);
    },
  );
});
