/**
 * Socket.IO on Node, with its own rooms and broadcast, over WebSockets only and without compression.
 * Bodies are strings: those it broadcasts in one frame made once, where a buffer would take a second
 * frame for each receiver.
 */
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const server = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  // Under more load than it can carry, answers to its pings queue for longer than the usual 20 s, and
  // it would close connections that are alive.
  pingTimeout: 600_000,
});

server.on("connection", (socket) => {
  socket.on("join", (channels, done) => {
    socket.join(channels);
    done();
  });
  socket.on("message", (channel, body) => server.to(channel).emit("message", channel, body));
});

http.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${http.address().port}`;
  process.stdout.write(`${JSON.stringify({ msg: "listening", url })}\n`);
});
process.on("SIGTERM", () => process.exit(0));
