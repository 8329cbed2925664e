import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { Refusal } from "./refusal.ts";

/** The largest body any route takes: two long passwords in JSON, with room to spare. */
export const MAX_BODY_BYTES = 4096;

/**
 * How a route reads its body, for Elysia's `parse`. The function reads it; the names behind it are
 * never reached, and only tell `/openapi` what the route takes.
 */
export const json: ParserOf<"json"> = [({ request }) => readJson(request), "json"];
export const jsonOrForm: ParserOf<"json" | "urlencoded"> = [
  ({ request }) => readJsonOrForm(request),
  "json",
  "urlencoded",
];

type ParserOf<Type> = [(context: { readonly request: Request }) => Promise<unknown>, ...Type[]];

/**
 * The request's JSON.
 *
 * @throws Refusal BODY_TOO_LARGE as soon as there are more bytes than allowed, whatever length was
 * announced; INVALID_FRAME for anything but JSON in UTF-8.
 */
async function readJson(request: Request): Promise<unknown> {
  if (mediaTypeOf(request) !== "application/json") {
    throw new Refusal(ErrorCode.INVALID_FRAME, "Send a body of type application/json.");
  }
  return parseJson(await readText(request));
}

/**
 * The request's JSON, or the fields of its form, of which the last counts where one is repeated.
 *
 * @throws Refusal as `readJson` does.
 */
async function readJsonOrForm(request: Request): Promise<unknown> {
  if (mediaTypeOf(request) !== "application/x-www-form-urlencoded") return readJson(request);
  return Object.fromEntries(new URLSearchParams(await readText(request)));
}

function mediaTypeOf(request: Request): string | undefined {
  return request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length")) > MAX_BODY_BYTES) throw tooLarge();
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw tooLarge();
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
  try {
    return JSON.parse(text);
  } catch {
    // Not the parser's own words, which quote what they stumbled over.
    throw new Refusal(ErrorCode.INVALID_FRAME, "The body is not valid JSON.");
  }
}

function tooLarge(): Refusal {
  return new Refusal(
    ErrorCode.BODY_TOO_LARGE,
    `The body may have at most ${MAX_BODY_BYTES} bytes.`,
  );
}
