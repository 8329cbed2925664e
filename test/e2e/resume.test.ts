import { expect, test } from "bun:test";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register, startServer } from "../support/server.ts";

const GENERAL = 1;
const RATES = { messagesPerSecond: 100_000, messageBurst: 100_000, pageItems: 50 };

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

const numbers = (connection: RawConnection, channel?: number) =>
  connection.messages(channel).map(({ seq }) => seq);

async function sendMany(connection: RawConnection, count: number, channel = GENERAL) {
  const requests = upTo(count).map((index) => connection.post(send(channel, `body ${index}`)));
  for (const request of requests) await connection.answerTo(request);
}

const resume = (...cursors: { channel: number; after: number }[]) =>
  ({ case: "resume", value: { cursors } }) as const;

test("a resumed client gets everything after its number, from memory", async () => {
  await using server = await startServer(RATES);
  const { accessToken } = await register(server.url, "ada");
  const ada = await RawConnection.open(server.url, accessToken);
  await sendMany(ada, 300);
  const resumed = await ada.expect("resumed", resume({ channel: GENERAL, after: 120 }));
  expect(resumed.cursors).toMatchObject([{ channel: GENERAL, after: 300 }]);
  expect(numbers(ada)).toEqual(upTo(300, 121));
});

test("a resumed client gets everything after its number, from the file, in pages", async () => {
  const server = await startServer(RATES);
  const { accessToken } = await register(server.url, "ada");
  const ada = await RawConnection.open(server.url, accessToken);
  await sendMany(ada, 777);
  await server.stop();

  await using restarted = await startServer(RATES, server.folder);
  const later = await RawConnection.open(restarted.url, accessToken);
  expect(later.welcome.channels).toMatchObject([{ head: 777 }]);
  expect(later.welcome.logId).toBe(ada.welcome.logId);
  expect(later.welcome.bootId).not.toBe(ada.welcome.bootId);
  const resumed = await later.expect("resumed", resume({ channel: GENERAL, after: 0 }));
  expect(resumed.cursors).toMatchObject([{ channel: GENERAL, after: 777 }]);
  expect(numbers(later)).toEqual(upTo(777));
  // Live follows without a seam.
  await later.expect("sent", send(GENERAL, "live"));
  await later.until(() => numbers(later).at(-1) === 778);
  expect(numbers(later)).toEqual(upTo(778));
});

test.each([0, 64 * 1024 * 1024])(
  "there is no gap and no doubling while others go on sending (ring of %i bytes)",
  async (ringBytes) => {
    await using server = await startServer({ ...RATES, ringBytes, paceCapMs: 1 });
    const writer = await RawConnection.open(
      server.url,
      (await register(server.url, "ada")).accessToken,
    );
    const { accessToken } = await register(server.url, "bob");
    await sendMany(writer, 400);

    let isDone = false;
    const writing = (async () => {
      while (!isDone) await sendMany(writer, 25);
    })();
    // Readers come one after another while the channel moves on under them.
    for (let round = 0; round < 8; round++) {
      const after = round * 50;
      const reader = await RawConnection.open(server.url, accessToken);
      const resumed = await reader.expect("resumed", resume({ channel: GENERAL, after }));
      const reached = resumed.cursors[0]?.after as number;
      await reader.until(() => (numbers(reader).at(-1) ?? 0) > reached + 20);
      expect(numbers(reader)).toEqual(upTo(numbers(reader).at(-1) as number, after + 1));
      await reader.close();
    }
    isDone = true;
    await writing;
  },
);

test("resuming a live channel rewinds it", async () => {
  await using server = await startServer(RATES);
  const ada = await RawConnection.open(server.url, (await register(server.url, "ada")).accessToken);
  await ada.expect("resumed", resume());
  await sendMany(ada, 10);
  await ada.expect("resumed", resume({ channel: GENERAL, after: 7 }));
  expect(numbers(ada)).toEqual([...upTo(10), 8, 9, 10]);
  await sendMany(ada, 1);
  await ada.until(() => numbers(ada).at(-1) === 11);
});

test("many channels are resumed at once, and those without a cursor go live from their head", async () => {
  await using server = await startServer(RATES);
  const { accessToken } = await register(server.url, "ada");
  const ada = await RawConnection.open(server.url, accessToken);
  const ids: number[] = [];
  for (const name of ["one", "two", "three"]) {
    const { channel } = await ada.expect("joined", { case: "join", value: { name } });
    ids.push(channel?.id as number);
  }
  const [one, two, three] = ids as [number, number, number];
  for (const id of ids) await sendMany(ada, 5, id);
  const again = await RawConnection.open(server.url, accessToken);
  const resumed = await again.expect(
    "resumed",
    resume({ channel: one, after: 2 }, { channel: two, after: 0 }),
  );
  const positions = new Map(resumed.cursors.map(({ channel, after }) => [channel, after]));
  expect(positions).toEqual(
    new Map([
      [GENERAL, 0],
      [one, 5],
      [two, 5],
      [three, 5],
    ]),
  );
  expect([one, two, three].map((id) => numbers(again, id))).toEqual([upTo(5, 3), upTo(5), []]);
});

test("a cursor that cannot be followed is refused by itself, with its reason", async () => {
  await using server = await startServer(RATES);
  const ada = await RawConnection.open(server.url, (await register(server.url, "ada")).accessToken);
  const bob = await RawConnection.open(server.url, (await register(server.url, "bob")).accessToken);
  const { channel } = await bob.expect("joined", { case: "join", value: { name: "bobs" } });
  const resumed = await ada.expect(
    "resumed",
    resume(
      { channel: GENERAL, after: 5 },
      { channel: channel?.id as number, after: 0 },
      { channel: 999, after: 0 },
    ),
  );
  expect(resumed.cursors).toEqual([]);
  expect(resumed.refused.map(({ channel, code }) => [channel, code])).toEqual([
    [GENERAL, ErrorCode.CURSOR_AHEAD],
    [channel?.id as number, ErrorCode.NOT_A_MEMBER],
    [999, ErrorCode.NO_SUCH_CHANNEL],
  ]);
});

test("history pages backwards and forwards by number", async () => {
  await using server = await startServer(RATES);
  const ada = await RawConnection.open(server.url, (await register(server.url, "ada")).accessToken);
  const empty = await ada.expect("historyPage", {
    case: "readHistory",
    value: { channel: GENERAL },
  });
  expect(empty).toMatchObject({ messages: [], head: 0, more: false });
  await sendMany(ada, 120);

  const read = async (value: object) => {
    const command = { case: "readHistory", value: { channel: GENERAL, ...value } } as const;
    const page = await ada.expect("historyPage", command);
    return [page.messages.map(({ seq }) => seq), page.more];
  };
  const before = (value: number) => ({ from: { case: "before", value } as const });
  const after = (value: number) => ({ from: { case: "after", value } as const });
  expect(await read({})).toEqual([upTo(120, 71), true]);
  expect(await read({ ...before(71) })).toEqual([upTo(70, 21), true]);
  expect(await read({ ...before(21) })).toEqual([upTo(20), false]);
  expect(await read({ ...before(1) })).toEqual([[], false]);
  expect(await read({ ...before(4_000_000_000), limit: 2 })).toEqual([[119, 120], true]);
  expect(await read({ ...after(0), limit: 3 })).toEqual([[1, 2, 3], true]);
  expect(await read({ ...after(118) })).toEqual([[119, 120], false]);
  expect(await read({ ...after(500) })).toEqual([[], false]);
  expect(await read({ ...after(4_294_967_295) })).toEqual([[], false]);
});
