/**
 * The `ws` package on Node, which speaks as raw_bun.ts does: a loop over the channel's sockets for
 * each message. The frame is made once for all receivers, in the way in which Socket.IO does it;
 * `socket.send` would make it anew for each.
 */
import { createServer } from "node:http";
import { Sender, WebSocketServer } from "ws";

const http = createServer();
const server = new WebSocketServer({
  server: http,
  clientTracking: false,
  perMessageDeflate: false,
});
const BINARY = { fin: true, mask: false, opcode: 2, readOnly: true, rsv1: false };
const channels = new Map();

server.on("connection", (socket, request) => {
  const wanted = new URL(request.url, "http://localhost").searchParams.get("channels").split(",");
  const own = wanted.map((channel) => membersOf(Number(channel)));
  for (const members of own) members.add(socket);
  socket.on("close", () => {
    for (const members of own) members.delete(socket);
  });
  socket.on("error", () => socket.terminate());
  socket.on("message", (message) => {
    const frame = [Buffer.concat(Sender.frame(message, BINARY))];
    for (const member of membersOf(message[0])) member._sender.sendFrame(frame);
  });
  socket.send("joined");
});

function membersOf(channel) {
  const known = channels.get(channel);
  if (known !== undefined) return known;
  const members = new Set();
  channels.set(channel, members);
  return members;
}

http.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${http.address().port}`;
  process.stdout.write(`${JSON.stringify({ msg: "listening", url })}\n`);
});
process.on("SIGTERM", () => process.exit(0));
