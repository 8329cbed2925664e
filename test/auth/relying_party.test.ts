import { describe, expect, test } from "bun:test";
import { relyingPartyOf } from "../../src/auth/relying_party.ts";
import { ConfigError, readConfig } from "../../src/config.ts";

function partyOf(variables: Record<string, string>) {
  return relyingPartyOf(readConfig({}, variables));
}

describe("passkeys are bound to", () => {
  test("localhost where nothing is set, and to the pages of this very server", () => {
    expect(partyOf({ HUBBUB_PORT: "4100" })).toEqual({
      id: "localhost",
      origins: ["https://localhost", "http://localhost:4100"],
    });
  });

  test("the first listed origin's domain, and to the listed pages beneath it", () => {
    const origins =
      "https://192.0.2.1,https://[2001:db8::1],https://chat.example.org,https://a.chat.example.org:8443,https://example.org,https://evilchat.example.org";
    expect(partyOf({ HUBBUB_ORIGINS: origins })).toEqual({
      id: "chat.example.org",
      origins: ["https://chat.example.org", "https://a.chat.example.org:8443"],
    });
  });

  test("the domain that is set, whatever is listed", () => {
    const HUBBUB_ORIGINS = "https://chat.example.org,http://localhost:5173";
    expect(partyOf({ HUBBUB_ORIGINS, HUBBUB_RP_ID: "example.org" })).toEqual({
      id: "example.org",
      origins: ["https://example.org", "https://chat.example.org"],
    });
    expect(partyOf({ HUBBUB_ORIGINS, HUBBUB_RP_ID: "localhost" }).origins).toEqual([
      "https://localhost",
      "http://localhost:4000",
      "http://localhost:5173",
    ]);
  });

  test.each([
    "192.0.2.1",
    "Example.org",
    "https://example.org",
    "example.org:443",
    "-a.org",
    "a..b",
  ])("no such thing as %j", (text) => {
    expect(() => partyOf({ HUBBUB_RP_ID: text })).toThrow(ConfigError);
  });
});
