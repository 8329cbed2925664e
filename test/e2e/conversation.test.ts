import { expect, test } from "bun:test";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register, startServer } from "../support/server.ts";

const GENERAL = 1;

test("two people talk in general, where every account starts", async () => {
  await using server = await startServer();
  const ada = await RawConnection.open(server.url, (await register(server.url, "ada")).accessToken);
  const bob = await RawConnection.open(server.url, (await register(server.url, "bob")).accessToken);
  expect(ada.welcome.channels.map(({ name }) => name)).toEqual(["general"]);
  await ada.expect("resumed", { case: "resume", value: {} });
  await bob.expect("resumed", { case: "resume", value: {} });

  const sent = await ada.expect("sent", send(GENERAL, "hello"));
  expect(sent.seq).toBe(1);
  await bob.event("message");
  expect(bob.messages()).toMatchObject([{ seq: 1, author: "ada", body: "hello" }]);
  expect(ada.messages()).toMatchObject([{ seq: 1, author: "ada", body: "hello" }]);
});
