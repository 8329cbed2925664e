import { nowUs } from "../../tester/clock.ts";
import { TesterSocket } from "../../tester/socket.ts";
import type { Line, Place } from "../dialect.ts";

/**
 * Packets of Engine.IO's protocol 4 and Socket.IO's protocol 5: the first digit is Engine.IO's type
 * of packet (0 open, 2 ping, 3 pong, 4 message), the second that of Socket.IO (0 connect, 2 event,
 * 3 acknowledgement). https://socket.io/docs/v4/socket-io-protocol/
 */
const OPENED = "0{";
const PING = "2";
const PONG = "3";
const CONNECT = "40";
const JOINED = "430[";
/** A channel is one digit, so that everything has its place. */
const MESSAGE = '42["message","';
const BODY_AT = MESSAGE.length + '0","'.length;

/** The language of servers/socket_io_node.mjs, over one WebSocket from the start. */
export async function socketIoDialect(place: Place): Promise<Line> {
  const joined = Promise.withResolvers<void>();
  const path = "socket.io/?EIO=4&transport=websocket";
  const socket = new TesterSocket(
    { server: place.url, path, headers: {} },
    {
      text(packet) {
        if (packet.startsWith(MESSAGE)) {
          const stamp = packet.slice(BODY_AT, packet.indexOf(" ", BODY_AT));
          const channel = packet.charCodeAt(MESSAGE.length) - 0x30;
          place.delivered(channel, Number.parseInt(stamp, 36) || 0, nowUs());
        } else if (packet === PING) socket.send(PONG);
        else if (packet.startsWith(OPENED)) socket.send(CONNECT);
        else if (packet.startsWith(CONNECT)) {
          socket.send(`420${JSON.stringify(["join", place.channels.map(String)])}`);
        } else if (packet.startsWith(JOINED)) joined.resolve();
      },
      binary: () => place.failed("Socket.IO sent a binary frame"),
      closed(reason) {
        const why = `a connection ended: ${reason}`;
        joined.reject(new Error(why));
        place.failed(why);
      },
    },
  );
  await joined.promise;
  return {
    send: (channel, body) => socket.send(`${MESSAGE}${channel}","${body}"]`),
    unanswered: () => 0,
    close: () => socket.close(),
  };
}
