import { describe, expect, test } from "bun:test";
import { Counted } from "../support/counted.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register, startServer } from "../support/server.ts";

const GENERAL = 1;

async function enter(url: string, name: string, subprotocol?: "hubbub.v1" | "hubbub.v1.json") {
  const { accessToken } = await register(url, name);
  const connection = await RawConnection.open(url, accessToken, subprotocol);
  await connection.expect("resumed", { case: "resume", value: {} });
  return Object.assign(connection, { accessToken });
}

describe("a conversation", () => {
  test("two people talk in general, where every account starts", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    expect(ada.welcome.channels).toMatchObject([{ id: GENERAL, name: "general", members: 1 }]);
    expect(bob.welcome.channels).toMatchObject([{ members: 2 }]);

    expect(await ada.expect("sent", send(GENERAL, "hello"))).toMatchObject({ seq: 1 });
    await bob.event("message");
    const message = { seq: 1, channel: GENERAL, author: "ada", body: "hello" };
    expect(bob.messages()).toMatchObject([message]);
    expect(ada.messages()).toMatchObject([message]);
  });

  test("a binary and a JSON connection hear each other", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada", "hubbub.v1.json");
    const bob = await enter(server.url, "bob", "hubbub.v1");
    await ada.expect("sent", send(GENERAL, "from JSON: ñ 🎈"));
    await bob.expect("sent", send(GENERAL, "from binary: ñ 🎈"));
    await ada.until(() => ada.messages().length === 2);
    await bob.until(() => bob.messages().length === 2);
    const bodies = ["from JSON: ñ 🎈", "from binary: ñ 🎈"];
    expect(ada.messages().map(({ body }) => body)).toEqual(bodies);
    expect(bob.messages().map(({ body }) => body)).toEqual(bodies);
    expect(ada.messages()).toEqual(bob.messages());
  });

  test("messages sent at once are numbered 1, 2, 3 ... and acknowledged with their numbers", async () => {
    await using server = await startServer({ messageBurst: 1000 });
    const ada = await enter(server.url, "ada");
    const requests = Array.from({ length: 500 }, (_, index) => ada.post(send(GENERAL, `${index}`)));
    const answers = await Promise.all(requests.map((request) => ada.answerTo(request)));
    await ada.until(() => ada.messages().length === 500);
    const numbers = Array.from({ length: 500 }, (_, index) => index + 1);
    expect(ada.messages().map(({ seq }) => seq)).toEqual(numbers);
    expect(answers.map((answer) => (answer.case === "sent" ? answer.value.seq : 0))).toEqual(
      numbers,
    );
    // Group commit: far fewer batches, and far fewer frames, than messages.
    const counted = await Counted.by(server);
    expect(counted.value("hubbub_batches_total")).toBeLessThan(100);
    expect(counted.value("hubbub_messages_total")).toBe(500);
  });

  test("nothing is delivered to a connection that has not resumed", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const quiet = await RawConnection.open(server.url, ada.accessToken);
    await ada.expect("sent", send(GENERAL, "hello"));
    await quiet.expect("pong", { case: "ping", value: {} });
    expect(quiet.messages()).toEqual([]);
  });
});

describe("channels", () => {
  test("joining a name creates the channel once, whatever its case", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    const [first, second] = await Promise.all([
      ada.expect("joined", { case: "join", value: { name: "Tea.Room" } }),
      bob.expect("joined", { case: "join", value: { name: "tea.room" } }),
    ]);
    expect(first.channel?.id).toBe(second.channel?.id as number);
    const { channels, more } = await ada.expect("channelList", { case: "listChannels", value: {} });
    expect(channels.map(({ members }) => members)).toEqual([2, 2]);
    expect(more).toBe(false);
  });

  test("a user with two connections is one user: joins and leaves concern both", async () => {
    await using server = await startServer();
    const desk = await enter(server.url, "ada");
    const phone = await RawConnection.open(server.url, desk.accessToken);
    await phone.expect("resumed", { case: "resume", value: {} });

    const { channel } = await desk.expect("joined", { case: "join", value: { name: "tea" } });
    const id = channel?.id as number;
    expect((await phone.event("joined")).channel?.id).toBe(id);
    await desk.expect("sent", send(id, "hello"));
    await phone.event("message");
    const members = await phone.expect("memberList", {
      case: "listMembers",
      value: { channel: id },
    });
    expect(members).toMatchObject({ onlineCount: 1, memberCount: 1, online: [{ user: "ada" }] });

    await phone.expect("left", { case: "leave", value: { channel: id } });
    expect((await desk.event("left")).channel).toBe(id);
  });

  test("who leaves hears nothing more of the channel", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    await bob.expect("left", { case: "leave", value: { channel: GENERAL } });
    await ada.expect("sent", send(GENERAL, "is he gone?"));
    await bob.expect("pong", { case: "ping", value: {} });
    expect(bob.messages()).toEqual([]);
  });

  test("the list comes in pages", async () => {
    await using server = await startServer({ pageItems: 2 });
    const ada = await enter(server.url, "ada");
    for (const name of ["a", "b", "c"])
      await ada.expect("joined", { case: "join", value: { name } });
    const first = await ada.expect("channelList", { case: "listChannels", value: {} });
    const after = first.channels.at(-1)?.id as number;
    const second = await ada.expect("channelList", { case: "listChannels", value: { after } });
    const names = [...first.channels, ...second.channels].map(({ name }) => name);
    expect(names).toEqual(["general", "a", "b", "c"]);
    expect([first.more, second.more]).toEqual([true, false]);
  });
});

describe("exactly once", () => {
  test("a nonce sent again gives the first message's place: at once, on another connection, after a restart", async () => {
    const server = await startServer();
    const ada = await enter(server.url, "ada");
    const nonce = crypto.randomUUID();
    const [first, again] = await Promise.all([
      ada.expect("sent", send(GENERAL, "hello", nonce)),
      ada.expect("sent", send(GENERAL, "hello", nonce)),
    ]);
    expect(first).toMatchObject({ seq: 1, duplicate: false });
    expect(again).toMatchObject({ seq: 1, duplicate: true, timeMs: first.timeMs });

    const other = await RawConnection.open(server.url, ada.accessToken);
    expect(await other.expect("sent", send(GENERAL, "hello", nonce))).toMatchObject({ seq: 1 });
    await server.stop();

    await using restarted = await startServer({}, server.folder);
    const later = await RawConnection.open(restarted.url, ada.accessToken);
    const resent = await later.expect("sent", send(GENERAL, "hello", nonce));
    expect(resent).toMatchObject({ seq: 1, duplicate: true, timeMs: first.timeMs });
    expect(await later.expect("sent", send(GENERAL, "next"))).toMatchObject({ seq: 2 });
  });

  test("the same nonce from another user is another message", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const bob = await enter(server.url, "bob");
    expect(await ada.expect("sent", send(GENERAL, "a", "one"))).toMatchObject({ seq: 1 });
    expect(await bob.expect("sent", send(GENERAL, "b", "one"))).toMatchObject({
      seq: 2,
      duplicate: false,
    });
  });
});

describe("the monitor's ping", () => {
  test("goes through a batch and its commit even when nobody else sends", async () => {
    await using server = await startServer();
    const ada = await enter(server.url, "ada");
    const batches = async () => (await Counted.by(server)).value("hubbub_batches_total");
    const before = await batches();
    const pong = await ada.expect("pong", { case: "ping", value: {} });
    expect(await batches()).toBe(before + 1);
    // The figures are for monitors and admins alone.
    expect(pong.figures).toBeUndefined();
  });
});
