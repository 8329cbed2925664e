import { join } from "node:path";
import type { ServerWebSocket } from "bun";
import type { Group } from "./group.ts";
import { messageRecords } from "./records.ts";
import type { Row } from "./table.ts";
import { type Effort, timeOwn } from "./timing.ts";

const TOPIC = "channel/1/binary/0";
const subscriberCounts = [10, 100, 400];
const messageCounts = [1, 8, 64];

export const publish: Group = {
  summary: "Bun's publish to real sockets: what a delivery costs, by messages a frame",
  async run(effort) {
    const rows: Row[] = [];
    for (const subscribers of subscriberCounts)
      rows.push(...(await published(subscribers, effort)));
    return [
      {
        title: "Publish to sockets on loopback",
        note:
          "CPU time of one `publish` and of the turn of the event loop that writes it, until the next turn. The " +
          "receivers are another process, and each frame has left before the next is published.",
        columns: {
          bytes: "bytes",
          frameUs: "CPU us",
          frameAvgUs: "mean",
          socketUs: "a socket",
          deliveryUs: "a delivery",
        },
        rows,
      },
    ];
  },
};

async function published(subscribers: number, effort: Effort): Promise<Row[]> {
  const sockets = new Set<ServerWebSocket<undefined>>();
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, server) =>
      server.upgrade(request, { data: undefined })
        ? undefined
        : new Response(null, { status: 400 }),
    websocket: {
      data: undefined as undefined,
      perMessageDeflate: false,
      idleTimeout: 0,
      open(socket) {
        socket.subscribe(TOPIC);
        sockets.add(socket);
      },
      close: (socket) => void sockets.delete(socket),
      message() {},
    },
  });
  const receivers = Bun.spawn(
    [process.execPath, join(import.meta.dir, "receivers.ts"), `${server.port}`, `${subscribers}`],
    { stdin: "pipe", stdout: "inherit", stderr: "inherit" },
  );
  try {
    while (sockets.size < subscribers) {
      if (receivers.exitCode !== null) throw new Error("bench: the receivers have ended");
      await Bun.sleep(5);
    }
    const rows: Row[] = [];
    for (const messages of messageCounts) {
      const frame = messageRecords(messages);
      const turn = async () => {
        const before = cpuUs();
        server.publish(TOPIC, frame);
        await nextTurn();
        const us = cpuUs() - before;
        await allWritten(sockets);
        return us * 1e3;
      };
      const { p50, avg } = await timeOwn(effort, turn);
      rows.push({
        name: `${subscribers} sockets, ${messages} message${messages === 1 ? "" : "s"} a frame`,
        values: {
          bytes: frame.length,
          frameUs: p50 / 1e3,
          frameAvgUs: avg / 1e3,
          socketUs: p50 / 1e3 / subscribers,
          deliveryUs: p50 / 1e3 / subscribers / messages,
        },
      });
    }
    return rows;
  } finally {
    // Its standard input ends with it, and so does it.
    receivers.stdin.end();
    await receivers.exited;
    await server.stop(true);
  }
}

/** CPU time of this process. Unlike the time that passes, it leaves out what others do meanwhile. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** What was published in this turn has been written when the next one comes. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Waits for receivers that do not keep up: a write to a full socket is none. */
async function allWritten(sockets: ReadonlySet<ServerWebSocket<undefined>>): Promise<void> {
  for (const socket of sockets) {
    while (socket.readyState === WebSocket.OPEN && socket.getBufferedAmount() > 0) await nextTurn();
  }
}
