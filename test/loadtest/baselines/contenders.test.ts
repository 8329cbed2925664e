import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Account, makePool } from "../../../loadtest/accounts.ts";
import { contenderNames, contenders, dialects } from "../../../loadtest/baselines/contenders.ts";
import { nodeVersion } from "../../../loadtest/baselines/ground.ts";
import { stampOf } from "../../../loadtest/tester/stamp.ts";
import { until } from "../../support/wait.ts";

setDefaultTimeout(60_000);

const hasNode = nodeVersion() !== undefined;

describe.each(contenderNames)("%s", (name) => {
  const { start, dialect, needsNode } = contenders[name];
  const isMissing = needsNode && !hasNode;

  test.skipIf(isMissing)(
    isMissing
      ? "is not tested: there is no node on the PATH"
      : "brings each message once to everybody in its channel, the sender too, and to nobody else",
    async () => {
      const pool = makePool(3);
      const server = await start(pool, null);
      try {
        const received: [who: number, channel: number, dueUs: number, isLater: boolean][] = [];
        const failures: string[] = [];
        const speak = dialects[dialect]();
        const enter = (who: number, channels: number[]) =>
          speak({
            url: server.url,
            channels,
            account: pool.users[who] as Account,
            delivered: (channel, dueUs, receivedUs) =>
              received.push([who, channel, dueUs, receivedUs > dueUs]),
            failed: (why) => failures.push(why),
          });
        const lines = await Promise.all([enter(0, [0, 1]), enter(1, [1, 9]), enter(2, [9])]);
        const [first, second, third] = lines;
        first?.send(0, `${stampOf(1000)} alone`);
        first?.send(1, `${stampOf(2000)} two of us`);
        third?.send(9, `${stampOf(3000)} the two others`);
        // Its sender gets it last, whatever else it gets.
        second?.send(9, `${stampOf(4000)} the end`);
        await until(() => received.length >= 7 && lines.every((line) => line.unanswered() === 0));
        await Bun.sleep(50);
        expect(received.sort()).toEqual([
          [0, 0, 1000, true],
          [0, 1, 2000, true],
          [1, 1, 2000, true],
          [1, 9, 3000, true],
          [1, 9, 4000, true],
          [2, 9, 3000, true],
          [2, 9, 4000, true],
        ]);
        expect(failures).toEqual([]);
        for (const line of lines) line.close();
      } finally {
        await server.stop();
      }
    },
  );
});
