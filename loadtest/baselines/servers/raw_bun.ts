/**
 * Bun's own WebSockets and nothing else: each message is published the moment it arrives. The URL
 * says which channels a connection is in, `?channels=0,1`; a message is `[channel, ...body]` in
 * binary, and every connection in the channel gets it as it is.
 */
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request, server) {
    const data = new URL(request.url).searchParams.get("channels") ?? "";
    if (server.upgrade(request, { data })) return undefined;
    return new Response("a WebSocket is expected", { status: 400 });
  },
  websocket: {
    data: "" as string,
    perMessageDeflate: false,
    open(socket) {
      for (const channel of socket.data.split(",")) socket.subscribe(channel);
      socket.send("joined");
    },
    message(_, message) {
      server.publish(`${message[0]}`, message);
    },
  },
});

process.stdout.write(
  `${JSON.stringify({ msg: "listening", url: `http://127.0.0.1:${server.port}` })}\n`,
);
process.on("SIGTERM", () => process.exit(0));
