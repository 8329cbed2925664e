/**
 * A codec for hubbub.v1 as somebody would write it in another language, from docs/PROTOCOL.md and
 * the .proto files alone: no protobuf library, no generated code, nothing of src. In memory a
 * message is an object in protobuf's JSON mapping, so that a field is on the wire where it is in
 * the object.
 */

export type Json = string | number | boolean | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

/** A scalar, the name of an enum, or the name of a message; `[]` where it is repeated. */
type Kind = string;
type Fields = Readonly<Record<string, readonly [number: number, kind: Kind]>>;

/** Every message of proto/hubbub/v1, by name. Fields in the order of their numbers. */
export const messages: Readonly<Record<string, Fields>> = {
  ClientFrame: {
    request: [1, "uint32"],
    send: [2, "Send"],
    join: [3, "Join"],
    leave: [4, "Leave"],
    listChannels: [5, "ListChannels"],
    listMembers: [6, "ListMembers"],
    readHistory: [7, "ReadHistory"],
    resume: [8, "Resume"],
    ping: [9, "Ping"],
    watch: [10, "Watch"],
    typing: [11, "Typing"],
    readFigures: [12, "ReadFigures"],
  },
  Send: { channel: [1, "uint32"], nonce: [2, "string"], body: [3, "string"] },
  Join: { name: [1, "string"] },
  Leave: { channel: [1, "uint32"] },
  ListChannels: { after: [1, "uint32"], limit: [2, "uint32"] },
  ListMembers: { channel: [1, "uint32"], limit: [2, "uint32"] },
  ReadHistory: {
    channel: [1, "uint32"],
    before: [2, "uint32"],
    after: [3, "uint32"],
    limit: [4, "uint32"],
  },
  Resume: { cursors: [1, "Cursor[]"] },
  Cursor: { channel: [1, "uint32"], after: [2, "uint32"] },
  Ping: {},
  Watch: { channels: [1, "uint32[]"] },
  Typing: { channel: [1, "uint32"] },
  ReadFigures: { stepSeconds: [1, "uint32"], after: [2, "uint32"], limit: [3, "uint32"] },

  ServerFrame: { events: [1, "Event[]"] },
  Event: {
    request: [1, "uint32"],
    message: [2, "Message"],
    sent: [3, "Sent"],
    error: [4, "Error"],
    pong: [5, "Pong"],
    welcome: [6, "Welcome"],
    joined: [7, "Joined"],
    left: [8, "Left"],
    channelList: [9, "ChannelList"],
    memberList: [10, "MemberList"],
    historyPage: [11, "HistoryPage"],
    resumed: [12, "Resumed"],
    slowConsumer: [13, "SlowConsumer"],
    goingAway: [14, "GoingAway"],
    presence: [15, "Presence"],
    typing: [16, "TypingMembers"],
    watching: [18, "Watching"],
    figuresHistory: [17, "FiguresHistory"],
    messageDeleted: [19, "MessageDeleted"],
    channelChanged: [20, "ChannelChanged"],
    historyBegins: [21, "HistoryBegins"],
  },
  Message: {
    seq: [1, "uint32"],
    channel: [2, "uint32"],
    authorId: [3, "uint32"],
    author: [4, "string"],
    timeMs: [5, "double"],
    body: [6, "string"],
    deleted: [7, "bool"],
  },
  Sent: {
    channel: [1, "uint32"],
    seq: [2, "uint32"],
    timeMs: [3, "double"],
    duplicate: [4, "bool"],
  },
  Error: { code: [1, "ErrorCode"], text: [2, "string"], retryAfterMs: [3, "uint32"] },
  Welcome: {
    userId: [1, "uint32"],
    user: [2, "string"],
    logId: [3, "string"],
    bootId: [4, "string"],
    serverVersion: [5, "string"],
    timeMs: [6, "double"],
    durability: [7, "Durability"],
    limits: [8, "Limits"],
    channels: [9, "Channel[]"],
  },
  Channel: {
    id: [1, "uint32"],
    name: [2, "string"],
    head: [3, "uint32"],
    members: [4, "uint32"],
    archived: [6, "bool"],
    first: [5, "uint32"],
  },
  Limits: {
    frameBytes: [1, "uint32"],
    bodyBytes: [2, "uint32"],
    channelsPerUser: [3, "uint32"],
    sessionsPerUser: [4, "uint32"],
    messagesPerSecond: [5, "uint32"],
    messageBurst: [6, "uint32"],
    commandsPerSecond: [7, "uint32"],
    commandBurst: [8, "uint32"],
    pendingCommands: [9, "uint32"],
    outboundBytes: [10, "uint32"],
    pageItems: [11, "uint32"],
    idleSeconds: [12, "uint32"],
  },
  Joined: { channel: [1, "Channel"] },
  Left: { channel: [1, "uint32"], code: [2, "ErrorCode"] },
  MessageDeleted: { channel: [1, "uint32"], seqs: [2, "uint32[]"] },
  ChannelChanged: { channel: [1, "Channel"] },
  ChannelList: { channels: [1, "Channel[]"], more: [2, "bool"] },
  MemberList: {
    channel: [1, "uint32"],
    online: [2, "Member[]"],
    onlineCount: [3, "uint32"],
    memberCount: [4, "uint32"],
  },
  Member: { userId: [1, "uint32"], user: [2, "string"] },
  HistoryPage: {
    channel: [1, "uint32"],
    messages: [2, "Message[]"],
    head: [3, "uint32"],
    more: [4, "bool"],
    first: [5, "uint32"],
  },
  HistoryBegins: { channel: [1, "uint32"], first: [2, "uint32"] },
  Resumed: { cursors: [1, "Resumed.Cursor[]"], refused: [2, "RefusedCursor[]"] },
  "Resumed.Cursor": { channel: [1, "uint32"], after: [2, "uint32"] },
  RefusedCursor: { channel: [1, "uint32"], code: [2, "ErrorCode"] },
  Pong: { timeMs: [1, "double"], figures: [2, "Figures"] },
  Figures: {
    periodMs: [1, "double"],
    coreLoad: [2, "double[]"],
    processLoad: [3, "double"],
    residentBytes: [4, "double"],
    messagesIn: [5, "uint32"],
    deliveriesOut: [6, "double"],
    volumePerSecond: [7, "double"],
    loopDelayMs: [8, "double"],
    activeAccounts: [9, "uint32"],
    connections: [10, "uint32"],
    batchMessages: [11, "Summary"],
    commitMs: [12, "Summary"],
    decodeMs: [13, "Summary"],
    checksMs: [14, "Summary"],
    batchWaitMs: [15, "Summary"],
    handOverMs: [16, "Summary"],
    publishMs: [17, "Summary"],
    drainMs: [18, "Summary"],
    pathMs: [19, "Summary"],
    mainThreadLoad: [20, "double"],
    hasherLoad: [21, "double"],
    signInsWaiting: [22, "uint32"],
    signInWaitMs: [23, "double"],
    refusals: [24, "RefusedCount[]"],
    databaseBytes: [25, "double"],
    walBytes: [26, "double"],
    slowCommitsMs: [27, "double"],
  },
  RefusedCount: { code: [1, "ErrorCode"], count: [2, "uint32"] },
  FiguresHistory: {
    stepSeconds: [1, "uint32"],
    first: [2, "uint32"],
    more: [3, "bool"],
    timeMs: [4, "double[]"],
    messagesPerSecond: [5, "float[]"],
    deliveriesPerSecond: [6, "float[]"],
    batchesPerSecond: [7, "float[]"],
    connectionsOpenedPerSecond: [8, "float[]"],
    hashesPerSecond: [9, "float[]"],
    mainThreadLoad: [10, "float[]"],
    processLoad: [11, "float[]"],
    hasherLoad: [12, "float[]"],
    cores: [13, "CoreLoads[]"],
    residentBytes: [14, "float[]"],
    databaseBytes: [15, "float[]"],
    walBytes: [16, "float[]"],
    loopDelayMs: [17, "float[]"],
    activeAccounts: [18, "float[]"],
    connections: [19, "float[]"],
    signInsWaiting: [20, "float[]"],
    signInWaitMs: [21, "float[]"],
    batchMessages: [22, "Distributions"],
    pathMs: [23, "Distributions"],
    decodeMs: [24, "Distributions"],
    checksMs: [25, "Distributions"],
    batchWaitMs: [26, "Distributions"],
    handOverMs: [27, "Distributions"],
    commitMs: [28, "Distributions"],
    publishMs: [29, "Distributions"],
    drainMs: [30, "Distributions"],
    refusals: [31, "RefusedCounts[]"],
  },
  CoreLoads: { load: [1, "float[]"] },
  Distributions: { mean: [1, "float[]"], p50: [2, "float[]"], p99: [3, "float[]"] },
  RefusedCounts: { code: [1, "ErrorCode"], count: [2, "float[]"] },
  Summary: { p50: [1, "double"], p99: [2, "double"] },
  SlowConsumer: { bufferedBytes: [1, "uint32"] },
  GoingAway: { afterMs: [1, "uint32"], spreadMs: [2, "uint32"] },
  Presence: {
    channel: [1, "uint32"],
    online: [2, "Member[]"],
    onlineCount: [3, "uint32"],
    memberCount: [4, "uint32"],
  },
  TypingMembers: {
    channel: [1, "uint32"],
    typing: [2, "Member[]"],
    typingCount: [3, "uint32"],
  },
  Watching: { presence: [1, "Presence[]"], typing: [2, "TypingMembers[]"] },
};

export const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Durability: { DURABILITY_UNSPECIFIED: 0, DURABILITY_SYNCED: 1, DURABILITY_COMMITTED: 2 },
  ErrorCode: {
    ERROR_CODE_UNSPECIFIED: 0,
    ERROR_CODE_INVALID_FRAME: 1,
    ERROR_CODE_UNIMPLEMENTED: 2,
    ERROR_CODE_INVALID_ARGUMENT: 3,
    ERROR_CODE_BODY_TOO_LARGE: 4,
    ERROR_CODE_NO_SUCH_CHANNEL: 5,
    ERROR_CODE_NOT_A_MEMBER: 6,
    ERROR_CODE_TOO_MANY_CHANNELS: 7,
    ERROR_CODE_CHANNEL_LIMIT: 8,
    ERROR_CODE_CHANNEL_FULL: 9,
    ERROR_CODE_CURSOR_AHEAD: 10,
    ERROR_CODE_RATE_LIMITED: 11,
    ERROR_CODE_TOO_MANY_PENDING: 12,
    ERROR_CODE_OVERLOADED: 13,
    ERROR_CODE_STORE_UNAVAILABLE: 14,
    ERROR_CODE_GOING_AWAY: 15,
    ERROR_CODE_INTERNAL: 16,
    ERROR_CODE_NAME_TAKEN: 32,
    ERROR_CODE_INVALID_CREDENTIALS: 33,
    ERROR_CODE_INVALID_TOKEN: 34,
    ERROR_CODE_ORIGIN_REFUSED: 35,
    ERROR_CODE_REGISTRATION_CLOSED: 36,
    ERROR_CODE_SIGN_IN_BUSY: 37,
    ERROR_CODE_TOO_MANY_SESSIONS: 38,
    ERROR_CODE_TOO_MANY_CONNECTIONS: 39,
    ERROR_CODE_UNKNOWN_SUBPROTOCOL: 40,
    ERROR_CODE_NOT_FOUND: 41,
    ERROR_CODE_PASSWORDS_UNAVAILABLE: 42,
    ERROR_CODE_ACCOUNT_DISABLED: 50,
    ERROR_CODE_TOO_MANY_ARRIVALS: 51,
    ERROR_CODE_SECOND_FACTOR_REQUIRED: 55,
    ERROR_CODE_INVALID_CODE: 56,
    ERROR_CODE_INVALID_CHALLENGE: 57,
    ERROR_CODE_PASSKEY_REFUSED: 58,
    ERROR_CODE_CONFIRMATION_REQUIRED: 59,
    ERROR_CODE_FACTOR_EXISTS: 60,
    ERROR_CODE_TOO_MANY_FACTORS: 61,
    ERROR_CODE_FACTOR_LOCKED: 62,
    ERROR_CODE_FORBIDDEN: 70,
    ERROR_CODE_PROFILE_BUSY: 71,
    ERROR_CODE_CHANNEL_ARCHIVED: 80,
  },
};

const VARINT = 0;
const BITS_64 = 1;
const LENGTH_DELIMITED = 2;
const BITS_32 = 5;

export function encode(type: string, value: JsonObject): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  for (const [name, [number, kind]] of Object.entries(fieldsOf(type))) {
    const field = value[name];
    if (field === undefined) continue;
    if (kind === "double[]") {
      put(out, number, LENGTH_DELIMITED, lengthAnd((field as Json[]).flatMap(doubleBytes)));
    } else if (kind === "uint32[]") {
      put(out, number, LENGTH_DELIMITED, lengthAnd((field as number[]).flatMap(varint)));
    } else if (kind === "float[]") {
      put(out, number, LENGTH_DELIMITED, lengthAnd((field as Json[]).flatMap(floatBytes)));
    } else if (kind.endsWith("[]")) {
      for (const item of field as Json[]) putField(out, number, kind.slice(0, -2), item);
    } else {
      putField(out, number, kind, field);
    }
  }
  return Uint8Array.from(out);
}

function putField(out: number[], number: number, kind: Kind, value: Json): void {
  if (kind === "uint32") put(out, number, VARINT, varint(value as number));
  else if (kind === "bool") put(out, number, VARINT, [value ? 1 : 0]);
  else if (kind === "double") put(out, number, BITS_64, doubleBytes(value));
  else if (enums[kind]) put(out, number, VARINT, varint(enums[kind][value as string] ?? 0));
  else if (kind === "string") {
    put(out, number, LENGTH_DELIMITED, lengthAnd([...new TextEncoder().encode(value as string)]));
  } else {
    put(out, number, LENGTH_DELIMITED, lengthAnd([...encode(kind, value as JsonObject)]));
  }
}

function put(out: number[], number: number, wireType: number, bytes: number[]): void {
  out.push(...varint(number * 8 + wireType), ...bytes);
}

export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function lengthAnd(bytes: number[]): number[] {
  return [...varint(bytes.length), ...bytes];
}

/** In the JSON mapping what is no number is the text "NaN". */
function doubleBytes(value: Json): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number(value), true);
  return [...new Uint8Array(view.buffer)];
}

function floatBytes(value: Json): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, Number(value), true);
  return [...new Uint8Array(view.buffer)];
}

export function decode(type: string, bytes: Uint8Array): JsonObject {
  const byNumber = new Map(
    Object.entries(fieldsOf(type)).map(([name, [number, kind]]) => [number, { name, kind }]),
  );
  const message: JsonObject = {};
  const reader = new Reader(bytes);
  while (!reader.atEnd) {
    const tag = reader.varint();
    const wireType = tag % 8;
    const field = byNumber.get(Math.floor(tag / 8));
    if (field === undefined) {
      reader.skip(wireType);
    } else if (/^(double|float|uint32)\[]$/.test(field.kind) && wireType === LENGTH_DELIMITED) {
      const packed = new Reader(reader.bytes());
      const list = listOf(message, field.name);
      while (!packed.atEnd) list.push(readValue(packed, field.kind.slice(0, -2)));
    } else if (field.kind.endsWith("[]")) {
      listOf(message, field.name).push(readValue(reader, field.kind.slice(0, -2)));
    } else {
      message[field.name] = readValue(reader, field.kind);
    }
  }
  return message;
}

function listOf(message: JsonObject, name: string): Json[] {
  message[name] ??= [];
  return message[name] as Json[];
}

function readValue(reader: Reader, kind: Kind): Json {
  if (kind === "uint32") return reader.varint();
  if (kind === "bool") return reader.varint() !== 0;
  if (kind === "double") return inJson(reader.double());
  if (kind === "float") return inJson(reader.float());
  if (kind === "string") return new TextDecoder("utf-8", { fatal: true }).decode(reader.bytes());
  const names = enums[kind];
  if (names === undefined) return decode(kind, reader.bytes());
  const number = reader.varint();
  // A code from a newer server stands as its number, as in the JSON mapping.
  return Object.keys(names).find((name) => names[name] === number) ?? number;
}

function inJson(value: number): Json {
  return Number.isNaN(value) ? "NaN" : value;
}

function fieldsOf(type: string): Fields {
  const fields = messages[type];
  if (fields === undefined) throw new Error(`handmade: no message ${type}`);
  return fields;
}

class Reader {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#take(1)[0] as number;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  }

  double(): number {
    const bytes = this.#take(8);
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
  }

  float(): number {
    const bytes = this.#take(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
  }

  bytes(): Uint8Array {
    return this.#take(this.varint());
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === BITS_64) this.#take(8);
    else if (wireType === LENGTH_DELIMITED) this.bytes();
    else if (wireType === BITS_32) this.#take(4);
    else throw new Error(`handmade: wire type ${wireType}`);
  }

  #take(bytes: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + bytes);
    if (taken.length < bytes) throw new Error("handmade: the bytes end in the middle of a field");
    this.#at += bytes;
    return taken;
  }
}
