import { expect, test } from "bun:test";
import { Agent, request } from "node:http";
import { startServer } from "../support/server.ts";

/** The status of an answer to a request that comes from one of the loopback addresses. */
function statusFor(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL("/auth/me", url), { agent }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("a flood of requests from one address does not shut the others out", async () => {
  await using server = await startServer({ arrivalQueue: 20 });
  const flood = new Agent({ keepAlive: true, maxSockets: 100, localAddress: "127.0.0.2" });
  const other = new Agent({ keepAlive: true, maxSockets: 1, localAddress: "127.0.0.3" });
  const statuses: number[] = [];
  let isOver = false;
  const flooding = Array.from({ length: 100 }, async () => {
    while (!isOver) statuses.push(await statusFor(server.url, flood));
  });
  try {
    while (!statuses.includes(503)) await Bun.sleep(1);
    const seen: number[] = [];
    for (let asked = 0; asked < 50; asked++) seen.push(await statusFor(server.url, other));
    // Without a token: but it was looked at, each time.
    expect(seen).toEqual(Array.from(seen, () => 401));
  } finally {
    isOver = true;
    await Promise.all(flooding);
    flood.destroy();
    other.destroy();
  }
  const refused = statuses.filter((status) => status === 503).length;
  expect(refused).toBeGreaterThan(0);
  expect(statuses.length).toBeGreaterThan(refused);
});
