import { nowUs } from "../../tester/clock.ts";
import { TesterSocket } from "../../tester/socket.ts";
import { readStamp } from "../../tester/stamp.ts";
import type { Line, Place } from "../dialect.ts";

/** The language of servers/raw_bun.ts and servers/ws_node.mjs. */
export async function plainDialect(place: Place): Promise<Line> {
  const joined = Promise.withResolvers<void>();
  const path = `?channels=${place.channels.join(",")}`;
  const socket = new TesterSocket(
    { server: place.url, path, headers: {} },
    {
      text: () => joined.resolve(),
      binary(bytes, from, to) {
        place.delivered(bytes[from] as number, readStamp(bytes, from + 1, to), nowUs());
      },
      closed(reason) {
        const why = `a connection ended: ${reason}`;
        joined.reject(new Error(why));
        place.failed(why);
      },
    },
  );
  await joined.promise;
  return {
    send(channel, body) {
      const message = Buffer.allocUnsafe(1 + body.length);
      message[0] = channel;
      message.write(body, 1, "latin1");
      socket.send(message);
    },
    unanswered: () => 0,
    close: () => socket.close(),
  };
}
