/**
 * The baseline: Bun's own WebSockets, each message published the moment it arrives. No sign-in, no
 * numbering, nothing kept, no acknowledgement. A text message `join a,b` subscribes; a binary one is
 * `[channel, ...bytes]` and is published as it is.
 */
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request, server) =>
    server.upgrade(request) ? undefined : new Response("a WebSocket is expected", { status: 400 }),
  websocket: {
    perMessageDeflate: false,
    message(socket, data) {
      if (typeof data === "string") {
        for (const channel of data.slice("join ".length).split(",")) socket.subscribe(channel);
        socket.send("joined");
      } else {
        server.publish(`${data[0]}`, data);
      }
    },
  },
});

process.stdout.write(
  `${JSON.stringify({ msg: "listening", url: `http://127.0.0.1:${server.port}` })}\n`,
);
process.on("SIGTERM", () => process.exit(0));
