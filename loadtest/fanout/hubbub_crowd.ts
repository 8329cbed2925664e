import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { register } from "../../src/client/sign_in.ts";
import {
  ClientFrameSchema,
  type Event,
  ServerFrameSchema,
} from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { recordEnd } from "../../src/wire/lay.ts";
import { CHANNELS, type Crowd, channelsOf, receiverCounts, SAMPLED_CONNECTIONS } from "./load.ts";

/** `Event.message`: what a message's event begins with; an answer's begins with its request. */
const EVENT_MESSAGE_TAG = 0x12;

type Command = NonNullable<MessageInitShape<typeof ClientFrameSchema>["command"]>;

/** Signed-in connections to Hubbub: ten accounts, each with a tenth of the connections. */
export async function hubbubCrowd(url: string, connections: number): Promise<Crowd> {
  const accounts = [];
  for (let index = 0; index < CHANNELS; index++) {
    accounts.push(await register(url, `user_${index}`, crypto.randomUUID()));
  }
  const ids = new Map<string, number>();
  const latencies: number[] = [];
  let received = 0;
  let request = 1;
  const frame = (command: Command) =>
    toBinary(ClientFrameSchema, create(ClientFrameSchema, { request: request++, command }));

  const sample = (event: Event["event"]) => {
    if (event.case !== "message") return;
    latencies.push(performance.now() - Number.parseFloat(event.value.body));
  };

  const sockets: WebSocket[] = [];
  for (let connection = 0; connection < connections; connection++) {
    const isSampled = connection < SAMPLED_CONNECTIONS;
    const account = accounts[connection % CHANNELS];
    const socket = await connect(url, account?.accessToken ?? "");
    const wanted = channelsOf(connection).map((channel) => `test_${channel}`);
    await new Promise<void>((resolve) => {
      const missing = new Set(wanted);
      socket.onmessage = ({ data }) => {
        for (const { event } of fromBinary(ServerFrameSchema, new Uint8Array(data)).events) {
          if (event.case === "welcome") for (const channel of event.value.channels) known(channel);
          if (event.case === "joined" && event.value.channel) known(event.value.channel);
          if (event.case === "resumed") resolve();
        }
        if (missing.size === 0) socket.send(frame({ case: "resume", value: {} }));
        else for (const name of missing) socket.send(frame({ case: "join", value: { name } }));
      };
      const known = ({ name, id }: { name: string; id: number }) => {
        ids.set(name, id);
        missing.delete(name);
      };
    });
    socket.onmessage = ({ data }) => {
      const bytes = new Uint8Array(data as ArrayBuffer);
      received += countMessages(bytes);
      if (!isSampled) return;
      for (const { event } of fromBinary(ServerFrameSchema, bytes).events) sample(event);
    };
    sockets.push(socket);
  }
  return {
    connections,
    receiversOf: receiverCounts(connections),
    send(channel, body) {
      const id = ids.get(`test_${channel}`) ?? 0;
      const value = { channel: id, nonce: crypto.randomUUID(), body };
      // The connection of the channel's number is in it: see channelsOf.
      const turn = channel + CHANNELS * (request % Math.floor(connections / CHANNELS));
      sockets[turn]?.send(frame({ case: "send", value }));
    },
    received: () => received,
    takeLatencies: () => latencies.splice(0),
    close: () => sockets.forEach((socket) => void socket.close()),
  };
}

/** Messages in a frame, counted without decoding them. */
function countMessages(frame: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < frame.length; ) {
    const end = recordEnd(frame, at);
    let tagAt = at + 1;
    while ((frame[tagAt] as number) >= 0x80) tagAt += 1;
    if (frame[tagAt + 1] === EVENT_MESSAGE_TAG) count += 1;
    at = end;
  }
  return count;
}

function connect(url: string, accessToken: string): Promise<WebSocket> {
  // Bun's constructor takes headers; the types of lib.dom hide that.
  const options = {
    protocols: ["hubbub.v1"],
    headers: { Authorization: `Bearer ${accessToken}` },
  } as unknown as string[];
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, options);
  socket.binaryType = "arraybuffer";
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error("a connection was refused"));
  });
}
