import { type Crowd, channelsOf, receiverCounts, SAMPLED_CONNECTIONS } from "./load.ts";

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/** The same connections and channels on the baseline. Messages have about the same bytes. */
export async function rawCrowd(url: string, connections: number): Promise<Crowd> {
  const latencies: number[] = [];
  let received = 0;
  let turn = 0;
  const sockets: WebSocket[] = [];
  for (let connection = 0; connection < connections; connection++) {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.binaryType = "arraybuffer";
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => socket.send(`join ${channelsOf(connection).join(",")}`);
      socket.onmessage = () => resolve();
      socket.onerror = () => reject(new Error("a connection was refused"));
    });
    const isSampled = connection < SAMPLED_CONNECTIONS;
    socket.onmessage = ({ data }) => {
      received += 1;
      if (!isSampled) return;
      const body = utf8.decode.decode(new Uint8Array(data as ArrayBuffer, 1));
      latencies.push(performance.now() - Number.parseFloat(body));
    };
    sockets.push(socket);
  }
  return {
    connections,
    receiversOf: receiverCounts(connections),
    send(channel, body) {
      // Padded by what Hubbub's number, author and time take, so that both carry as many bytes.
      const bytes = utf8.encode.encode(`\0${body}${" ".repeat(24)}`);
      bytes[0] = channel;
      sockets[turn++ % connections]?.send(bytes);
    },
    received: () => received,
    takeLatencies: () => latencies.splice(0),
    close: () => sockets.forEach((socket) => void socket.close()),
  };
}
