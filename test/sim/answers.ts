import type { ReadHistory } from "../../src/wire/gen/hubbub/v1/commands_pb.ts";
import {
  ErrorCode,
  type HistoryPage,
  type MemberList,
} from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import type { ClientFrame, Event } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import type { Model } from "./model.ts";

type Command = ClientFrame["command"];
type Answer = Event["event"];

const answerOf = {
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
} as const;

/** Checks that a command was answered in kind, and the answers that can be told in advance. */
export function checkAnswer(
  model: Model,
  account: number,
  command: Command,
  answer: Answer,
  fault: (text: string) => void,
): void {
  if (command.case === undefined) {
    if (answer.case !== "error") fault("a frame without a command was answered");
    return;
  }
  if (answer.case === "error") {
    if (answer.value.code === ErrorCode.INTERNAL) fault(`${command.case} met a mistake`);
    if (command.case === "send") model.refused(account, command.value.nonce);
    return;
  }
  if (answer.case !== answerOf[command.case]) {
    fault(`${command.case} was answered with ${answer.case}`);
  }
  if (command.case === "send" && answer.case === "sent") {
    model.acknowledged(account, command.value.nonce, answer.value);
  }
  if (command.case === "readHistory" && answer.case === "historyPage") {
    const { channel, first } = answer.value;
    if (first - 1 > model.file.gone(channel))
      fault(`channel ${channel} is said to begin at ${first}`);
    const wrong = faultOfPage(command.value, answer.value);
    if (wrong !== undefined) fault(`${wrong} in a page of channel ${command.value.channel}`);
    for (const message of answer.value.messages) model.shown(message);
  }
  if (answer.case === "memberList") checkMembers(model, answer.value, fault);
}

function checkMembers(model: Model, list: MemberList, fault: (text: string) => void): void {
  const online = model.online(list.channel);
  const isRight =
    list.onlineCount === online.size &&
    list.memberCount === model.members(list.channel) &&
    list.online.every(({ userId }) => online.has(userId));
  if (!isRight) fault(`channel ${list.channel} lists the wrong members`);
}

function faultOfPage({ from }: ReadHistory, page: HistoryPage): string | undefined {
  const seqs = page.messages.map(({ seq }) => seq);
  const first = seqs[0];
  const last = seqs.at(-1);
  if (seqs.some((seq, index) => seq !== (first ?? 0) + index)) return "a gap";
  if ((last ?? 0) > page.head) return "a message beyond the head";
  if (from.case === "after") {
    const after = Math.max(from.value, page.first - 1);
    if (after < page.head && first !== after + 1) return "a wrong beginning";
    return page.more === (last ?? page.head) < page.head ? undefined : "a wrong `more`";
  }
  const end = Math.min(from.value || page.head + 1, page.head + 1);
  if (end > page.first && last !== end - 1) return "a wrong end";
  return page.more === (first ?? 1) > page.first ? undefined : "a wrong `more`";
}
