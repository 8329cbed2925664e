import { linksOf } from "./links.ts";

/** A piece of a message's text, to be shown as text and never as markup. */
export type Token =
  /** May hold line breaks. */
  | { readonly kind: "text"; readonly text: string }
  /** From single or double backticks; within one line. */
  | { readonly kind: "code"; readonly text: string }
  /** From triple backticks; stands on lines of its own. */
  | { readonly kind: "block"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

/** A message's text, read. */
export interface ReadBody {
  readonly tokens: readonly Token[];
  /** A few emoji and nothing else: they are shown larger. */
  readonly isEmojiAlone: boolean;
  /** Too long to stand in full among others unless asked for. */
  readonly isLong: boolean;
}

/** A message made of marks alone would otherwise become thousands of nodes. What is beyond stays text. */
const MAX_TOKENS = 400;
const MAX_EMOJI_ALONE = 12;
const LONG_LINES = 24;
const LONG_UNITS = 1600;

const FENCE = "```";
/** A word after the opening fence names a language; it is not shown. */
const language = /^[\w+#.-]*[ \t]*\r?\n/;
const emoji = /\p{RGI_Emoji}|\p{Emoji}\uFE0F/gv;

/** Reads a message's text in time that grows with its length only, however it is made. */
export function readBody(body: string): ReadBody {
  const tokens = bounded(body);
  return { tokens, isEmojiAlone: isEmojiAlone(body), isLong: isLong(body) };
}

function bounded(body: string): Token[] {
  const tokens: Token[] = [];
  let begin = 0;
  for (const { token, end } of pieces(body)) {
    if (tokens.length === MAX_TOKENS) return [...tokens, { kind: "text", text: body.slice(begin) }];
    tokens.push(token);
    begin = end;
  }
  return tokens;
}

/** A token, and where what it was made of ends in the body. */
interface Piece {
  readonly token: Token;
  readonly end: number;
}

function* pieces(body: string): Generator<Piece> {
  let textBegin = 0;
  let at = body.indexOf("`");
  let mayFence = true;
  while (at !== -1) {
    const ticks = ticksAt(body, at);
    const code = ticks >= 3 ? mayFence && blockAt(body, at) : inlineAt(body, at, ticks);
    if (code) {
      const isBlock = code.token.kind === "block";
      // A block stands on lines of its own, so the breaks around it would be empty lines.
      yield* withLinks(body, textBegin, isBlock && body[at - 1] === "\n" ? at - 1 : at);
      yield code;
      textBegin = isBlock && body[code.end] === "\n" ? code.end + 1 : code.end;
      at = body.indexOf("`", textBegin);
    } else {
      if (ticks >= 3) mayFence = false;
      at = body.indexOf("`", at + ticks);
    }
  }
  yield* withLinks(body, textBegin, body.length);
}

/** The text from `begin` to `end`, with its links. */
function* withLinks(body: string, begin: number, end: number): Generator<Piece> {
  const text = body.slice(begin, end);
  let at = 0;
  for (const link of linksOf(text)) {
    if (link.begin > at) yield textPiece(text.slice(at, link.begin), begin + link.begin);
    yield { token: { kind: "link", text: link.shown, href: link.href }, end: begin + link.end };
    at = link.end;
  }
  if (at < text.length) yield textPiece(text.slice(at), end);
}

function textPiece(text: string, end: number): Piece {
  return { token: { kind: "text", text }, end };
}

function ticksAt(body: string, at: number): number {
  let end = at;
  while (body[end] === "`") end++;
  return end - at;
}

function blockAt(body: string, at: number): Piece | undefined {
  const begin = at + FENCE.length;
  const close = body.indexOf(FENCE, begin);
  if (close === -1) return undefined;
  const text = body
    .slice(begin, close)
    .replace(language, "")
    .replace(/\r?\n$/, "");
  if (text.trim() === "") return undefined;
  return { token: { kind: "block", text }, end: close + FENCE.length };
}

function inlineAt(body: string, at: number, ticks: number): Piece | undefined {
  const begin = at + ticks;
  const close = body.indexOf("`".repeat(ticks), begin);
  if (close === -1) return undefined;
  const text = body.slice(begin, close);
  if (text.trim() === "" || text.includes("\n")) return undefined;
  return { token: { kind: "code", text }, end: close + ticks };
}

function isEmojiAlone(body: string): boolean {
  if (body.length > 200) return false;
  const text = body.replace(/\s/g, "");
  const found = text.match(emoji);
  return found !== null && found.length <= MAX_EMOJI_ALONE && text.replace(emoji, "") === "";
}

function isLong(body: string): boolean {
  if (body.length > LONG_UNITS) return true;
  let lines = 1;
  for (let at = body.indexOf("\n"); at !== -1; at = body.indexOf("\n", at + 1)) lines++;
  return lines > LONG_LINES;
}
