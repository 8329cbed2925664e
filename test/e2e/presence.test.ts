import { describe, expect, test } from "bun:test";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import { Counted } from "../support/counted.ts";
import { keepBusy } from "../support/keep_busy.ts";
import { RawConnection, send, type ValueOf } from "../support/raw_connection.ts";
import { register, startServer } from "../support/server.ts";

const GENERAL = 1;

async function enter(url: string, name: string, subprotocol?: "hubbub.v1" | "hubbub.v1.json") {
  const { accessToken } = await register(url, name);
  const connection = await RawConnection.open(url, accessToken, subprotocol);
  await connection.expect("resumed", { case: "resume", value: {} });
  return Object.assign(connection, { accessToken });
}

const watch = (...channels: number[]) => ({ case: "watch", value: { channels } }) as const;
const typing = (channel: number) => ({ case: "typing", value: { channel } }) as const;

/** What happened, in order, that is not the answer to anything. */
function happened<Name extends "presence" | "typing">(
  connection: RawConnection,
  name: Name,
): ValueOf<Name>[] {
  return connection.events.flatMap(({ request, event }) =>
    request === 0 && event.case === name ? [event.value as ValueOf<Name>] : [],
  );
}

/** The newest picture of who is online, by name. */
const online = (connection: RawConnection) =>
  happened(connection, "presence")
    .at(-1)
    ?.online.map(({ user }) => user);

/** The newest picture of who is typing, by name. */
const typists = (connection: RawConnection) =>
  happened(connection, "typing")
    .at(-1)
    ?.typing.map(({ user }) => user);

describe("who watches a channel", () => {
  test.each(["hubbub.v1", "hubbub.v1.json"] as const)(
    "sees others come and go, in %s",
    async (subprotocol) => {
      await using server = await startServer();
      const ada = await enter(server.url, "ada", subprotocol);
      expect(await ada.expect("watching", watch(GENERAL))).toMatchObject({
        presence: [{ channel: GENERAL, online: [{ user: "ada" }], onlineCount: 1, memberCount: 1 }],
        typing: [],
      });
      const bob = await enter(server.url, "bob");
      await ada.until(() => online(ada)?.join() === "ada,bob");
      expect(happened(ada, "presence").at(-1)).toMatchObject({ onlineCount: 2, memberCount: 2 });
      await bob.close();
      await ada.until(() => online(ada)?.join() === "ada");
      expect(happened(ada, "presence").at(-1)).toMatchObject({ onlineCount: 1, memberCount: 2 });
    },
  );

  test("sees others join and leave the channel", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    const { channel } = await ada.expect("joined", { case: "join", value: { name: "tea" } });
    const tea = channel?.id as number;
    await ada.expect("watching", watch(tea));
    await bob.expect("joined", { case: "join", value: { name: "tea" } });
    await ada.until(() => online(ada)?.join() === "ada,bob");
    await bob.expect("left", { case: "leave", value: { channel: tea } });
    await ada.until(() => online(ada)?.join() === "ada");
  });

  test("sees others type, until they have sent their message", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    await ada.expect("watching", watch(GENERAL));
    const answer = await bob.expect("typing", typing(GENERAL));
    expect(answer).toMatchObject({ channel: GENERAL, typing: [{ user: "bob" }], typingCount: 1 });
    await ada.until(() => typists(ada)?.join() === "bob");
    await bob.expect("sent", send(GENERAL, "hello"));
    await ada.until(() => typists(ada)?.join() === "");
  });

  test("sees at once who is typing already", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    await ada.expect("watching", watch(GENERAL));
    await ada.expect("typing", typing(GENERAL));
    expect(await bob.expect("watching", watch(GENERAL))).toMatchObject({
      typing: [{ channel: GENERAL, typing: [{ user: "ada" }], typingCount: 1 }],
    });
  });

  test("sees a user with two connections once", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const phone = await RawConnection.open(server.url, ada.accessToken);
    const { presence } = await ada.expect("watching", watch(GENERAL));
    expect(presence).toMatchObject([{ online: [{ user: "ada" }], onlineCount: 1 }]);
    await phone.close();
    await enter(server.url, "bob");
    await ada.until(() => online(ada)?.join() === "ada,bob");
    // The phone's end was no change.
    expect(happened(ada, "presence")).toHaveLength(1);
  });

  test("sees nothing more of a channel that it leaves, or watches no longer", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    const { channel } = await ada.expect("joined", { case: "join", value: { name: "tea" } });
    const tea = channel?.id as number;
    await ada.expect("watching", watch(tea));
    await bob.expect("watching", watch(GENERAL));
    await ada.expect("left", { case: "leave", value: { channel: tea } });
    await bob.expect("watching", watch());
    // A third one sees both, and so knows when they would have been told.
    const carol = await enter(server.url, "carol");
    await carol.expect("joined", { case: "join", value: { name: "tea" } });
    await carol.expect("watching", watch(tea, GENERAL));
    const dave = await enter(server.url, "dave");
    await dave.expect("joined", { case: "join", value: { name: "tea" } });
    const sees = (id: number) => happened(carol, "presence").some(({ channel }) => channel === id);
    await carol.until(() => sees(tea) && sees(GENERAL));
    for (const other of [ada, bob]) {
      await other.expect("pong", { case: "ping", value: {} });
      expect(happened(other, "presence")).toEqual([]);
    }
  });
});

describe("what may be watched", () => {
  test("is the user's own channels, four at most", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    const { channel } = await bob.expect("joined", { case: "join", value: { name: "bobs" } });
    const bobs = channel?.id as number;
    const { presence } = await ada.expect("watching", watch(GENERAL, bobs, 77, GENERAL));
    expect(presence.map(({ channel }) => channel)).toEqual([GENERAL]);
    const tooMany = await ada.ask(watch(GENERAL, GENERAL, GENERAL, GENERAL, GENERAL));
    expect(tooMany).toMatchObject({ value: { code: ErrorCode.INVALID_ARGUMENT } });
    const elsewhere = await ada.ask(typing(bobs));
    expect(elsewhere).toMatchObject({ value: { code: ErrorCode.NOT_A_MEMBER } });
    const nowhere = await ada.ask(typing(77));
    expect(nowhere).toMatchObject({ value: { code: ErrorCode.NO_SUCH_CHANNEL } });
  });

  test("those who watch nothing are told nothing", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const quiet = await enter(server.url, "bob");
    await ada.expect("watching", watch(GENERAL));
    const carol = await enter(server.url, "carol");
    await carol.expect("typing", typing(GENERAL));
    await ada.until(() => typists(ada)?.join() === "carol");
    await quiet.expect("pong", { case: "ping", value: {} });
    expect([...happened(quiet, "presence"), ...happened(quiet, "typing")]).toEqual([]);
    const counted = await Counted.by(server);
    expect(counted.value("hubbub_presence_deliveries_total")).toBe(
      happened(ada, "presence").length,
    );
  });
});

test("under load it is left out while messages flow, and true again afterwards", async () => {
  await using server = await startServer({ messageBurst: 100_000, commandBurst: 100_000 });
  const ada = await enter(server.url, "ada");
  const bob = await enter(server.url, "bob");
  // Before the machine is busy: passwords are hashed when it is not.
  const { accessToken } = await register(server.url, "carol");
  await ada.expect("watching", watch(GENERAL));
  const dropped = async () =>
    (await Counted.by(server)).value("hubbub_presence_frames_dropped_total");
  const relieve = keepBusy(server);
  let messages = 0;
  while ((await dropped()) === 0) {
    await bob.expect("typing", typing(GENERAL));
    await bob.expect("sent", send(GENERAL, "hello"));
    messages += 1;
  }
  await ada.until(() => ada.messages().length === messages);
  const carol = await RawConnection.open(server.url, accessToken);
  await carol.expect("typing", typing(GENERAL));
  relieve();
  await ada.until(() => online(ada)?.join() === "ada,bob,carol");
  await ada.until(() => typists(ada)?.join() === "carol");
});
