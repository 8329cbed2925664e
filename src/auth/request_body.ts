import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { Refusal } from "./refusal.ts";

/** The largest body of a route that takes one password, which with 256 characters fits in UTF-8. */
const MAX_BODY_BYTES = 2048;
/** The largest where two passwords are sent, by somebody who is signed in. */
const MAX_TWO_PASSWORDS_BYTES = 2 * MAX_BODY_BYTES;
/**
 * The largest with a passkey in it, as browsers send them: long ids, an RSA key, and the same facts
 * in several forms.
 */
const MAX_PASSKEY_BYTES = 4 * MAX_BODY_BYTES;
/**
 * Lists and objects in each other. A passkey with what its extensions say has six. Elysia writes what
 * does not fit a schema into its error, indented by depth: 8 KB of brackets would be tens of
 * megabytes of blanks.
 */
const MAX_DEPTH = 8;

/**
 * How a route reads its body, for Elysia's `parse`. The function reads it; the names behind it are
 * never reached, and only tell `/openapi` what the route takes.
 */
export const json: ParserOf<"json"> = [({ request }) => readJson(request), "json"];
export const jsonOfTwoPasswords: ParserOf<"json"> = [
  ({ request }) => readJson(request, MAX_TWO_PASSWORDS_BYTES),
  "json",
];
export const jsonOrNothing: ParserOf<"json"> = [
  ({ request }) => (hasBody(request) ? readJson(request) : Promise.resolve({})),
  "json",
];
export const passkeyJson: ParserOf<"json"> = [
  ({ request }) => readJson(request, MAX_PASSKEY_BYTES),
  "json",
];
export const jsonOrForm: ParserOf<"json" | "urlencoded"> = [
  ({ request }) => readJsonOrForm(request),
  "json",
  "urlencoded",
];
export const passkeyJsonOrForm: ParserOf<"json" | "urlencoded"> = [
  ({ request }) => readJsonOrForm(request, MAX_PASSKEY_BYTES),
  "json",
  "urlencoded",
];

type ParserOf<Type> = [(context: { readonly request: Request }) => Promise<unknown>, ...Type[]];

/**
 * The request's JSON.
 *
 * @throws Refusal BODY_TOO_LARGE as soon as there are more bytes than allowed, whatever length was
 * announced; INVALID_FRAME for anything but JSON in UTF-8, and for JSON too deep.
 */
async function readJson(request: Request, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  if (mediaTypeOf(request) !== "application/json") {
    throw new Refusal(ErrorCode.INVALID_FRAME, "Send a body of type application/json.");
  }
  return parseJson(await readText(request, maxBytes));
}

/**
 * The request's JSON, or the fields of its form, of which the last counts where one is repeated.
 *
 * @throws Refusal as `readJson` does.
 */
async function readJsonOrForm(request: Request, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  if (mediaTypeOf(request) !== "application/x-www-form-urlencoded") {
    return readJson(request, maxBytes);
  }
  return Object.fromEntries(new URLSearchParams(await readText(request, maxBytes)));
}

function hasBody(request: Request): boolean {
  return request.body !== null || request.headers.has("content-type");
}

function mediaTypeOf(request: Request): string | undefined {
  return request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    text += decode(utf8, chunk, { stream: true });
  }
  return text + decode(utf8);
}

function decode(utf8: TextDecoder, chunk?: Uint8Array, options?: TextDecodeOptions): string {
  try {
    return utf8.decode(chunk, options);
  } catch {
    throw new Refusal(ErrorCode.INVALID_FRAME, "The body is not valid UTF-8.");
  }
}

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not the parser's own words, which quote what they stumbled over.
    throw new Refusal(ErrorCode.INVALID_FRAME, "The body is not valid JSON.");
  }
  if (isDeeperThan(MAX_DEPTH, value)) {
    throw new Refusal(ErrorCode.INVALID_FRAME, "The body is nested too deeply.");
  }
  return value;
}

function isDeeperThan(depth: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => isDeeperThan(depth - 1, inner));
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(ErrorCode.BODY_TOO_LARGE, `The body may have at most ${maxBytes} bytes.`);
}
