/** The receivers of the publish bench, in a process of their own: `receivers.ts PORT COUNT`. */
const [port, count] = process.argv.slice(2).map(Number);

const handshake = [
  "GET / HTTP/1.1",
  `Host: 127.0.0.1:${port}`,
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  // The example of RFC 6455, section 1.3.
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

for (let index = 0; index < (count as number); index++) {
  await Bun.connect({
    hostname: "127.0.0.1",
    port: port as number,
    // What comes is read and thrown away: a WebSocket's work would be that of another benchmark.
    socket: { open: (socket) => void socket.write(handshake), data() {} },
  });
}
for await (const _ of Bun.stdin.stream()) {
  // The parent says nothing; when it is done, or gone, the stream ends.
}
process.exit(0);

// Nothing: it makes this file a module, which may wait at its top level.
export {};
