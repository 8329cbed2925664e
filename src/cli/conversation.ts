import { clearScreenDown, createInterface, cursorTo, moveCursor } from "node:readline";
import type { ReadStream, WriteStream } from "node:tty";
import type { HubbubClient } from "../client/client.ts";
import { asHubbubError } from "../client/errors.ts";
import type { ClientState, StateDetail } from "../client/events.ts";
import type { Membership } from "../client/memberships.ts";
import type { Message } from "../wire/gen/hubbub/v1/events_pb.ts";
import { harmless } from "./harmless_text.ts";

/** What was said before, shown at the beginning. */
const HISTORY_MESSAGES = 20;
const PROMPT = "> ";

interface Conversation {
  /** Talks in a channel until the user leaves; returns false if put out. */
  in(channel: Readonly<Membership>): Promise<boolean>;
  end(): void;
}

/**
 * A conversation on a terminal: messages and what is typed on `output`, the state of the connection
 * on `errors`. What is being typed stays on the last line, whatever arrives meanwhile.
 */
export function converse(
  client: HubbubClient,
  input: ReadStream,
  output: WriteStream,
  errors: WriteStream,
): Conversation {
  const typing = createInterface({ input, output, prompt: PROMPT });
  const over = Promise.withResolvers<boolean>();
  let isTalking = false;

  const show = (stream: WriteStream, text: string) => {
    if (!isTalking) {
      stream.write(`${text}\n`);
      return;
    }
    moveCursor(output, 0, -typing.getCursorPos().rows);
    cursorTo(output, 0);
    clearScreenDown(output);
    stream.write(`${text}\n`);
    typing.prompt(true);
  };
  const tell = (text: string) => show(errors, `* ${text}`);

  client.on("state", (state, detail) => {
    const text = describeState(state, detail);
    if (text !== undefined) tell(text);
    if (state === "stopped" && detail.error?.code !== "CLOSED") over.resolve(false);
  });
  typing.on("close", () => over.resolve(true));
  typing.on("SIGINT", () => over.resolve(true));

  return {
    async in(channel) {
      const said: Message[] = [];
      let isCaughtUp = false;
      client.on("message", (message) => {
        if (message.channel !== channel.id) return;
        if (isCaughtUp) show(output, describe(message));
        else said.push(message);
      });
      client.on("gap", ({ channel: cut, from, to }) => {
        if (cut === channel) tell(`messages ${from} to ${to} are no longer kept`);
      });
      client.on("left", (left) => {
        if (left !== channel) return;
        tell(`you have left ${channel.name}`);
        over.resolve(true);
      });
      // Everything after `last` is delivered; the page before it is what was said until now.
      const history = { channel: channel.id, before: channel.last + 1, limit: HISTORY_MESSAGES };
      const before = await client.history(history).catch(() => undefined);
      for (const message of [...(before?.messages ?? []), ...said]) {
        output.write(`${describe(message)}\n`);
      }
      isCaughtUp = true;
      isTalking = true;
      typing.on("line", (line) => {
        eraseTyped(output, line);
        typing.prompt();
        if (line === "") return;
        client.send(channel.id, line).catch((thrown) => {
          const { code, text } = asHubbubError(thrown);
          if (code !== "CLOSED") tell(`not sent: ${text} (${harmless(line, "  ")})`);
        });
      });
      typing.prompt();
      return over.promise;
    },
    end() {
      isTalking = false;
      typing.close();
      output.write("\n");
    },
  };
}

/** The line comes back as a message; on the screen it would stand twice. */
function eraseTyped(output: WriteStream, line: string): void {
  const rows = Math.ceil((PROMPT.length + line.length + 1) / output.columns);
  moveCursor(output, 0, -rows);
  cursorTo(output, 0);
  clearScreenDown(output);
}

function describe({ timeMs, author, body }: Message): string {
  const time = new Date(timeMs).toTimeString().slice(0, 5);
  const name = harmless(author, " ");
  return `${time} ${name}: ${harmless(body, " ".repeat(8))}`;
}

function describeState(state: ClientState, { error, retryInMs = 0 }: StateDetail) {
  const why = error ? harmless(error.text, " ") : "";
  switch (state) {
    case "online":
      return "connected";
    case "waiting":
      return `${why} Trying again in ${Math.ceil(retryInMs / 1000)} s.`;
    case "stopped":
      return error?.code === "CLOSED" ? undefined : why;
    default:
      return undefined;
  }
}
