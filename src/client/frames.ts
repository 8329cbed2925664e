import {
  create,
  fromBinary,
  fromJsonString,
  type MessageInitShape,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import {
  type ClientFrame,
  ClientFrameSchema,
  type Event,
  ServerFrameSchema,
} from "../wire/gen/hubbub/v1/frames_pb.ts";

type FilledCommand = Exclude<ClientFrame["command"], { case: undefined }>;
type FilledEvent = Exclude<Event["event"], { case: undefined }>;

export type CommandName = FilledCommand["case"];

type CommandInit = Extract<
  MessageInitShape<typeof ClientFrameSchema>["command"],
  { case: CommandName }
>;

/** The fields of a command that differ from their defaults. */
export type CommandFields<Name extends CommandName> = Extract<CommandInit, { case: Name }>["value"];

/** Which event answers which command. */
export const answerNames = {
  send: "sent",
  join: "joined",
  leave: "left",
  listChannels: "channelList",
  listMembers: "memberList",
  readHistory: "historyPage",
  resume: "resumed",
  ping: "pong",
  watch: "watching",
  typing: "typing",
  readFigures: "figuresHistory",
} as const satisfies Record<CommandName, FilledEvent["case"]>;

/** What a command is answered with when it is done. */
export type Answer<Name extends CommandName> = Extract<
  FilledEvent,
  { case: (typeof answerNames)[Name] }
>["value"];

export type Subprotocol = "hubbub.v1" | "hubbub.v1.json";

/** A frame with one command: one WebSocket message. */
export function encodeCommand<Name extends CommandName>(
  subprotocol: Subprotocol,
  request: number,
  name: Name,
  fields: CommandFields<Name>,
): Uint8Array<ArrayBuffer> | string {
  // A name and the fields that its type asks for are one of the commands, which the compiler
  // cannot see through the generic.
  const command = { case: name, value: fields } as CommandInit;
  const frame = create(ClientFrameSchema, { request, command });
  return subprotocol === "hubbub.v1"
    ? toBinary(ClientFrameSchema, frame)
    : toJsonString(ClientFrameSchema, frame);
}

/**
 * The events of one WebSocket message, in order. Its kind tells the encoding.
 *
 * @throws when it is no ServerFrame.
 */
export function decodeEvents(data: ArrayBuffer | string): Event[] {
  return typeof data === "string"
    ? fromJsonString(ServerFrameSchema, data, { ignoreUnknownFields: true }).events
    : fromBinary(ServerFrameSchema, new Uint8Array(data)).events;
}
