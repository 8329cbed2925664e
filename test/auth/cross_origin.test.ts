import { describe, expect, test } from "bun:test";
import { startServer } from "../support/server.ts";

const LISTED = "https://chat.example.org";
const preflight = {
  method: "OPTIONS",
  headers: { origin: LISTED, "access-control-request-method": "POST" },
};
const allowed = (answer: Response) => answer.headers.get("access-control-allow-origin");

describe("a page of a listed origin", () => {
  test("can read that it is to come back later, and when", async () => {
    await using server = await startServer({ arrivalQueue: 0, origins: LISTED });
    const sendAway = async () => {
      for (;;) {
        const url = new URL("/auth/me", server.url);
        const crowd = await Promise.all(
          Array.from({ length: 100 }, () => fetch(url, { headers: { origin: LISTED } })),
        );
        expect(crowd.map(allowed)).toEqual(crowd.map(() => LISTED));
        const sentAway = crowd.find(({ status }) => status === 503);
        if (sentAway !== undefined) return sentAway;
      }
    };
    const { headers } = await sendAway();
    expect(headers.get("access-control-expose-headers")).toBe("retry-after");
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    expect(headers.get("vary")).toContain("origin");
  });

  test("is told by its browser that it may ask, however many do", async () => {
    await using server = await startServer({ arrivalQueue: 0, origins: LISTED });
    const url = new URL("/auth/token", server.url);
    const crowd = await Promise.all(Array.from({ length: 100 }, () => fetch(url, preflight)));
    expect(crowd.map(({ status }) => status)).toEqual(crowd.map(() => 204));
    expect(crowd.map(allowed)).toEqual(crowd.map(() => LISTED));
  });
});

test("nothing says to a page of another origin that it may read", async () => {
  await using server = await startServer({ origins: LISTED });
  const url = new URL("/auth/token", server.url);
  for (const origin of ["https://evil.example", `${LISTED}.evil.example`, "null"]) {
    const headers = { ...preflight.headers, origin };
    const answer = await fetch(url, { ...preflight, headers });
    expect({ status: answer.status, allowed: allowed(answer) }).toEqual({
      status: 403,
      allowed: null,
    });
  }
});
