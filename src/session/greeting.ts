import { create } from "@bufbuild/protobuf";
import type { Config } from "../config.ts";
import { Durability, LimitsSchema } from "../wire/gen/hubbub/v1/events_pb.ts";
import type { Services } from "./services.ts";

/** What every welcome says alike, from one start of the server to its stop. */
export function greetingOf(
  config: Config,
  logId: string,
  serverVersion: string,
): Services["greeting"] {
  return {
    logId,
    bootId: crypto.randomUUID(),
    serverVersion,
    durability: config.durability === "synced" ? Durability.SYNCED : Durability.COMMITTED,
    // The limits have the names of their settings.
    limits: create(LimitsSchema, {
      frameBytes: config.frameBytes,
      bodyBytes: config.bodyBytes,
      channelsPerUser: config.channelsPerUser,
      sessionsPerUser: config.sessionsPerUser,
      messagesPerSecond: config.messagesPerSecond,
      messageBurst: config.messageBurst,
      commandsPerSecond: config.commandsPerSecond,
      commandBurst: config.commandBurst,
      pendingCommands: config.pendingCommands,
      outboundBytes: config.outboundBytes,
      pageItems: config.pageItems,
      idleSeconds: config.idleSeconds,
    }),
  };
}
