import { encodeCommand } from "../../../src/client/frames.ts";
import { signIn } from "../../../src/client/sign_in.ts";
import { errorName } from "../../../src/wire/codes.ts";
import type { Event } from "../../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { hubbubAddress } from "../../tester/address.ts";
import { encodeSend } from "../../tester/client_frames.ts";
import { nowUs } from "../../tester/clock.ts";
import { KnownFrames, type Run } from "../../tester/known_frames.ts";
import { walkFrame } from "../../tester/server_frames.ts";
import { TesterSocket } from "../../tester/socket.ts";
import type { Dialect, Line, Place } from "../dialect.ts";

const PROTOCOL = "hubbub.v1";
/** Of the channel of that number. */
const nameOf = (channel: number) => `test_${channel}`;

/** Hubbub's own protocol, whole: sign-in, resume, joins, numbered messages, acknowledgements. */
export function hubbubDialect(): Dialect {
  const known = new KnownFrames();
  return (place) => enter(place, known);
}

async function enter(place: Place, known: KnownFrames): Promise<Line> {
  const { accessToken } = await signIn(place.url, place.account.name, place.account.password);
  const ready = Promise.withResolvers<void>();
  /** Channels by Hubbub's ids, and the reverse. */
  const numbers: (number | undefined)[] = [];
  const ids: number[] = [];
  /** The number that is owed next, by Hubbub's ids. */
  const nexts: number[] = [];
  const sends = new Set<number>();
  const nonceStem = nowUs().toString(36);
  let toJoin = place.channels.length;
  let lastRequest = 0;
  let receivedUs = 0;

  const event = ({ event }: Event) => {
    if (event.case === "welcome") {
      socket.send(encodeCommand(PROTOCOL, ++lastRequest, "resume", {}));
    } else if (event.case === "resumed") {
      for (const channel of place.channels) {
        const name = nameOf(channel);
        socket.send(encodeCommand(PROTOCOL, ++lastRequest, "join", { name }));
      }
    } else if (event.case === "joined" && event.value.channel) {
      const { id, name, head } = event.value.channel;
      const channel = place.channels.find((each) => nameOf(each) === name);
      if (channel === undefined) return;
      numbers[id] = channel;
      ids[channel] = id;
      nexts[id] = head + 1;
      toJoin -= 1;
      if (toJoin === 0) ready.resolve();
    } else if (event.case === "error") fail(`the server refused: ${errorName(event.value.code)}`);
    else if (event.case === "slowConsumer" || event.case === "goingAway") {
      fail(`the server gave a connection up: ${event.case}`);
    }
  };
  const fail = (why: string) => {
    ready.reject(new Error(why));
    place.failed(why);
  };
  const sink = {
    message(id: number, seq: number, dueUs: number) {
      const channel = numbers[id];
      if (channel === undefined) return fail("the server sent a message of another channel");
      if (seq !== nexts[id]) fail(`message ${nexts[id]} was due, and ${seq} came`);
      nexts[id] = seq + 1;
      place.delivered(channel, dueUs, receivedUs);
    },
    run({ channel, first, count, dueUs }: Run) {
      for (let index = 0; index < count; index++) {
        sink.message(channel, first + index, dueUs[index] as number);
      }
    },
    sent(request: number) {
      if (!sends.delete(request)) fail("the server acknowledged what was not sent");
    },
    event,
  };
  const socket = new TesterSocket(hubbubAddress(place.url, accessToken, PROTOCOL), {
    binary(bytes, from, to) {
      receivedUs = nowUs();
      walkFrame(bytes, from, to, known, sink);
    },
    text: () => fail("the server sent text"),
    closed: (reason) => fail(`a connection ended: ${reason}`),
  });
  await ready.promise;
  return {
    send(channel, body) {
      const request = ++lastRequest;
      sends.add(request);
      const nonce = `${nonceStem}-${request}`;
      socket.send(encodeSend(PROTOCOL, request, ids[channel] as number, nonce, body));
    },
    unanswered: () => sends.size,
    close: () => socket.close(),
  };
}
