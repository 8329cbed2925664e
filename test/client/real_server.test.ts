import { expect, test } from "bun:test";
import { HubbubClient } from "../../src/client/client.ts";
import { register } from "../../src/client/sign_in.ts";
import { startServer } from "../support/server.ts";
import { enters, next } from "./harness.ts";

const PASSWORD = "correct horse battery";
/** Back at once, so that a test does not wait for a back-off. */
const random = () => 0;

test("a conversation goes on when the server is stopped and started again", async () => {
  const first = await startServer({ messagesPerSecond: 100_000, messageBurst: 100_000 });
  const { url, folder } = first;
  const adaSignIn = await register(url, "ada", PASSWORD);
  await register(url, "bob", PASSWORD);
  const ada = new HubbubClient({ url, credentials: adaSignIn, random });
  const bob = new HubbubClient({ url, credentials: { name: "bob", password: PASSWORD }, random });
  await Promise.all([ada.connect(), bob.connect()]);
  const { id } = await ada.join("plans");
  await bob.join("plans");
  const seen: string[] = [];
  bob.on("message", ({ seq, author, body }) => seen.push(`${seq} ${author} ${body}`));

  const bodies = Array.from({ length: 100 }, (_, index) => `plan ${index}`);
  const sends = bodies.map((body) => ada.send(id, body));
  await sends[20];
  const back = [enters(ada, "online"), enters(bob, "online")];
  const port = new URL(url).port;
  await first.stop();
  await using _ = await startServer({ port }, folder);
  await Promise.all(back);

  const last = next(bob, "message", ({ body }) => body === "the end");
  const acks = await Promise.all(sends);
  await ada.send(id, "the end");
  await last;
  expect(acks.map(({ seq }) => seq)).toEqual(bodies.map((_, index) => index + 1));
  const said = [...bodies, "the end"];
  expect(seen).toEqual(said.map((body, index) => `${index + 1} ada ${body}`));
  await Promise.all([ada.close(), bob.close()]);
});

test("a client that was away comes back with its cursors and a refreshed sign-in", async () => {
  await using server = await startServer();
  const { url } = server;
  const { refreshToken } = await register(url, "ada", PASSWORD);
  let newest = refreshToken;
  const onSignIn = (signIn: { refreshToken: string }) => {
    newest = signIn.refreshToken;
  };
  const first = new HubbubClient({ url, credentials: { refreshToken }, onSignIn });
  await first.connect();
  const { id } = await first.join("plans");
  await first.send(id, "seen");
  const { cursors } = first;
  await first.close();

  const bob = new HubbubClient({ url, credentials: await register(url, "bob", PASSWORD) });
  await bob.connect();
  await bob.join("plans");
  await bob.send(id, "missed");

  const later = new HubbubClient({ url, credentials: { refreshToken: newest }, cursors });
  const missed = next(later, "message");
  await later.connect();
  expect((await missed)[0]).toMatchObject({ author: "bob", body: "missed", seq: 2 });
  const { messages } = await later.history({ channel: id, after: 0 });
  expect(messages.map(({ body }) => body)).toEqual(["seen", "missed"]);
  const { online } = await later.listMembers(id);
  expect(online.map(({ user }) => user).toSorted()).toEqual(["ada", "bob"]);
  await Promise.all([later.close(), bob.close()]);
});
