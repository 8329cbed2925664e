import { type Command, InvalidArgumentError } from "commander";
import type { Config } from "../config.ts";
import {
  archiveChannel,
  type ConfirmOptions,
  deleteChannel,
  renameChannel,
  showChannels,
  unarchiveChannel,
} from "./channel.ts";
import { channelKeep } from "./channel_keep.ts";
import { type EraseOptions, eraseUser } from "./erase.ts";
import { type ExportOptions, runExport } from "./export.ts";
import { deleteMessage } from "./message.ts";

interface Parts {
  /** Adds the options of commands that work on the file alone. */
  readonly onFile: (command: Command) => Command;
  readonly configOf: (command: Command) => Config;
}

/** Adds the commands that look after channels, messages and what is kept of people. */
export function addAdministration(program: Command, { onFile, configOf }: Parts): void {
  const channel = program
    .command("channel")
    .description("look after channels; works beside the server");
  onFile(channel.command("list"))
    .description("list the channels: id, name, members, messages, the newest message (UTC)")
    .action((_, command: Command) => showChannels(configOf(command)));
  onFile(channel.command("rename"))
    .description("give a channel another name; those who are in it are told")
    .argument("<name>")
    .argument("<new>")
    .action((name: string, newName: string, _, command: Command) =>
      renameChannel(configOf(command), name, newName),
    );
  onFile(channel.command("archive"))
    .description("let a channel be read, and nobody write to it")
    .argument("<name>")
    .action((name: string, _, command: Command) => archiveChannel(configOf(command), name));
  onFile(channel.command("unarchive"))
    .description("let people write to an archived channel again")
    .argument("<name>")
    .action((name: string, _, command: Command) => unarchiveChannel(configOf(command), name));
  channelKeep(onFile(channel.command("keep")), configOf);
  onFile(channel.command("delete"))
    .description("delete a channel with its messages and memberships, for ever")
    .argument("<name>")
    .option("--yes", "do not ask", false)
    .action((name: string, options: ConfirmOptions, command: Command) =>
      deleteChannel(configOf(command), name, options),
    );

  const message = program
    .command("message")
    .description("look after messages; works beside the server");
  onFile(message.command("delete"))
    .description("delete a message's text, for everybody and for ever; its number stays")
    .argument("<channel>")
    .argument("<number>", "the message's number in the channel, as in its link", seqOf)
    .action((channel: string, seq: number, _, command: Command) =>
      deleteMessage(configOf(command), channel, seq),
    );

  onFile(program.command("export"))
    .description("write a channel, or everything of one user, as JSON lines")
    .argument("[file]", "where it goes; never overwritten; standard output without it")
    .option("--channel <name>", "the channel")
    .option("--user <name>", "the user")
    .action((file: string | undefined, options: ExportOptions, command: Command) =>
      runExport(configOf(command), file, options),
    );
  onFile(program.command("erase"))
    .description("erase a user: account, sign-ins, memberships, the name and texts of messages")
    .argument("<name>")
    .option("--keep-messages", "keep the texts, without the name", false)
    .option("--yes", "do not ask", false)
    .action((name: string, options: EraseOptions, command: Command) =>
      eraseUser(configOf(command), name, options),
    );
}

function seqOf(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It should be a whole number from 1.");
}
