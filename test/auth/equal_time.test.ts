import { expect, setDefaultTimeout, test } from "bun:test";
import { AuthServer, PASSWORD, PEER, SIGN_IN_TIMEOUT_MS } from "./auth_server.ts";

setDefaultTimeout(SIGN_IN_TIMEOUT_MS);

const PAIRS = 20;
/** Standard deviations: by chance one run in 150,000 is past them. */
const CLEAR = 4.5;

/**
 * How clearly two samples differ, in standard deviations: the Mann-Whitney U test. Ranks, because a
 * busy machine makes some of both very late.
 */
function difference(some: readonly number[], others: readonly number[]): number {
  const wins = some.reduce(
    (sum, a) => sum + others.reduce((won, b) => won + (a > b ? 1 : a === b ? 0.5 : 0), 0),
    0,
  );
  const pairs = some.length * others.length;
  return (wins - pairs / 2) / Math.sqrt((pairs * (some.length + others.length + 1)) / 12);
}

test("a name that exists and one that does not are answered after the same time, by the queue and the hash", async () => {
  await using server = await AuthServer.start({ trustedProxies: [PEER] });
  await server.register();
  let addresses = 0;
  const timed = async (name: string, password: string) => {
    addresses += 1;
    const beganMs = performance.now();
    const answer = await server.try(name, password, `203.0.113.${addresses % 256}`);
    expect(answer.body.error.code).toBe("INVALID_CREDENTIALS");
    return performance.now() - beganMs;
  };

  const known: number[] = [];
  const unknown: number[] = [];
  const unhashed: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    // Both at the same moment, so that one of them waits in the queue, each as often as the other.
    const wrong = (name: string) => timed(name, `${PASSWORD} ${pair}`);
    const [first, second] = pair % 2 === 0 ? [known, unknown] : [unknown, known];
    const names = pair % 2 === 0 ? ["ada", "eve"] : ["eve", "ada"];
    const [firstMs = 0, secondMs = 0] = await Promise.all(names.map(wrong));
    first.push(firstMs);
    second.push(secondMs);
    // No account has a password like that, so it need not be hashed: what a difference looks like.
    unhashed.push(await timed("eve", "short"));
  }
  expect(Math.abs(difference(known, unknown))).toBeLessThan(CLEAR);
  expect(difference(unknown, unhashed)).toBeGreaterThan(CLEAR);
});
