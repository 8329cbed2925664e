import { expect, test } from "bun:test";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { post } from "../support/command.ts";
import { RawConnection } from "../support/raw_connection.ts";
import { register, startServer } from "../support/server.ts";
import { until } from "../support/wait.ts";

/** Sends bytes over a connection of its own and returns all that comes back until it ends. */
async function exchange(url: string, bytes: Uint8Array, isDone: (answer: string) => boolean) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  let hasEnded = false;
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("close", () => {
    hasEnded = true;
  });
  socket.on("error", () => {});
  socket.write(bytes);
  const answer = () => Buffer.concat(chunks).toString("latin1");
  await until(() => hasEnded || isDone(answer()));
  socket.destroy();
  return answer();
}

function handshake(url: string, headers: Record<string, string>, path = "/ws"): string {
  const all = {
    Host: new URL(url).host,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "hubbub.v1",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`GET ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

/** A frame that sends a message, masked by zeros. */
function sendFrame(body: string): Buffer {
  const value = { channel: 1, nonce: crypto.randomUUID(), body };
  const frame = create(ClientFrameSchema, { request: 1, command: { case: "send", value } });
  const bytes = toBinary(ClientFrameSchema, frame);
  return Buffer.concat([Buffer.from([0x82, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

const isOpened = (answer: string) => answer.startsWith("HTTP/1.1 101");

async function ticketFor(url: string, accessToken: string): Promise<string> {
  const answer = await post(url, "ticket", {}, accessToken);
  return ((await answer.json()) as { ticket: string }).ticket;
}

test("the server's answer repeats neither ticket nor token", async () => {
  await using server = await startServer();
  const { accessToken } = await register(server.url, "ada");
  const ticket = await ticketFor(server.url, accessToken);
  const good = handshake(server.url, {
    "Sec-WebSocket-Protocol": `ticket.${ticket}, hubbub.v1, hubbub.v1.json`,
  });
  const opened = await exchange(server.url, Buffer.from(good), (text) => text.includes("\r\n\r\n"));
  expect(opened).toStartWith("HTTP/1.1 101");
  expect(opened).toMatch(/\r\nsec-websocket-protocol: hubbub\.v1\r\n/i);
  expect(opened.match(/sec-websocket-protocol/gi)).toHaveLength(1);
  expect(opened).not.toContain(ticket);
  // Used up now, and not repeated in the refusal either.
  const refused = await exchange(server.url, Buffer.from(good), (text) => text.includes("}}"));
  expect(refused).toStartWith("HTTP/1.1 401");
  expect(refused).toContain("INVALID_TOKEN");
  expect(refused).not.toContain(ticket);
});

test("a header that is there twice counts for nothing, though one of the two is right", async () => {
  await using server = await startServer();
  const { accessToken } = await register(server.url, "ada");
  const good = `Bearer ${accessToken}`;
  const statusOf = async (name: string, first: string, second: string, others = {}) => {
    // `handshake` writes each header as it is named, and HTTP does not tell names apart by case.
    const twice = { [name]: first, [name.toLowerCase()]: second, ...others };
    const bytes = Buffer.from(handshake(server.url, twice));
    const answer = await exchange(server.url, bytes, (text) => text.includes("\r\n\r\n"));
    return answer.slice(9, 12);
  };
  for (const other of ["Bearer nonsense", "", good]) {
    expect(await statusOf("Authorization", good, other)).toBe("401");
    expect(await statusOf("Authorization", other, good)).toBe("401");
  }
  const signedIn = { Authorization: good };
  const evil = "https://evil.example";
  expect(await statusOf("Origin", server.url, evil, signedIn)).toBe("403");
  expect(await statusOf("Origin", evil, server.url, signedIn)).toBe("403");
});

test("a ticket that two race for opens one socket", async () => {
  await using server = await startServer();
  const { accessToken } = await register(server.url, "ada");
  for (let round = 0; round < 20; round++) {
    const ticket = await ticketFor(server.url, accessToken);
    const bytes = Buffer.from(
      handshake(server.url, { "Sec-WebSocket-Protocol": `hubbub.v1, ticket.${ticket}` }),
    );
    const answers = await Promise.all(
      [1, 2, 3].map(() => exchange(server.url, bytes, (text) => text.includes("\r\n\r\n"))),
    );
    const statuses = answers.map((answer) => answer.slice(9, 12)).sort();
    expect(statuses).toEqual(["101", "401", "401"]);
  }
});

test("what is sent behind a handshake without a token reaches nobody", async () => {
  await using server = await startServer();
  const { accessToken } = await register(server.url, "ada");
  const ada = await RawConnection.open(server.url, accessToken);
  await ada.expect("resumed", { case: "resume", value: {} });
  for (const headers of [{}, { Authorization: "Bearer nonsense" }] as Record<string, string>[]) {
    const eager = Buffer.concat([
      Buffer.from(handshake(server.url, headers)),
      sendFrame("from nobody"),
    ]);
    const answer = await exchange(server.url, eager, (text) => text.includes("\r\n\r\n"));
    expect(answer).toStartWith("HTTP/1.1 40");
    expect(answer).not.toContain("101 Switching");
  }
  // A frame without any handshake.
  const bare = await exchange(server.url, sendFrame("from nobody"), (text) => text !== "");
  expect(bare).not.toContain("101 Switching");
  await ada.expect("pong", { case: "ping", value: {} });
  expect(ada.messages()).toEqual([]);
  expect(ada.welcome.channels[0]?.head).toBe(0);
});

test("what is sent right behind a good handshake is taken, after the welcome", async () => {
  await using server = await startServer();
  const { accessToken } = await register(server.url, "ada");
  const ada = await RawConnection.open(server.url, accessToken);
  await ada.expect("resumed", { case: "resume", value: {} });
  const eager = Buffer.concat([
    Buffer.from(handshake(server.url, { Authorization: `Bearer ${accessToken}` })),
    sendFrame("at once"),
  ]);
  // Clients wait for the answer (RFC 6455, section 4.1), and where a handshake has to wait for its turn, as at
  // a server that has just started, Bun refuses what comes right behind it: then it is tried again.
  await until(async () => {
    const answer = await exchange(
      server.url,
      eager,
      (text) => text.includes("\r\n\r\n") && (ada.messages().length > 0 || !isOpened(text)),
    );
    return isOpened(answer);
  });
  expect(ada.messages().map(({ body }) => body)).toEqual(["at once"]);
});

test("a header with a token of a megabyte is not even read", async () => {
  await using server = await startServer();
  const huge = handshake(server.url, { Authorization: `Bearer ${"x".repeat(1024 * 1024)}` });
  const answer = await exchange(server.url, Buffer.from(huge), (text) => text.includes("\r\n\r\n"));
  expect(answer === "" || /^HTTP\/1\.1 (4|5)/.test(answer)).toBe(true);
  const large = handshake(server.url, { Authorization: `Bearer ${"x".repeat(8 * 1024)}` });
  const second = await exchange(server.url, Buffer.from(large), (text) => text.includes("}}"));
  expect(second).toStartWith("HTTP/1.1 401");
});
