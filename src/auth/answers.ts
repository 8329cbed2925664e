import { NotFoundError, ParseError, ValidationError } from "elysia";
import type { Counters } from "../monitor/counters.ts";
import type { Log } from "../monitor/log.ts";
import { StoreError } from "../store/errors.ts";
import { errorName } from "../wire/codes.ts";
import { ErrorCode } from "../wire/gen/hubbub/v1/events_pb.ts";
import { Refusal, refusalAnswer } from "./refusal.ts";

/**
 * The answer to a request that failed, whatever way it failed: counted, and logged where it is our
 * fault. Nothing that was submitted goes into either.
 *
 * @param path The URL's path, without its query.
 */
export function answerError(error: unknown, path: string, counters: Counters, log: Log): Response {
  const refusal = refusalOf(error) ?? mistake(error, path, log);
  counters.refused(errorName(refusal.code));
  return refusalAnswer(refusal);
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof StoreError) return new Refusal(ErrorCode.STORE_UNAVAILABLE);
  if (error instanceof NotFoundError) return new Refusal(ErrorCode.NOT_FOUND);
  // What our reading of the body throws arrives inside Elysia's own error.
  if (error instanceof ParseError) {
    return refusalOf(error.cause) ?? new Refusal(ErrorCode.INVALID_FRAME);
  }
  if (error instanceof ValidationError && error.type === "body") return wrongField(error);
  return undefined;
}

/** Elysia's own answer quotes the whole body, passwords included; only the field is named here. */
function wrongField({ valueError }: ValidationError): Refusal {
  const field = valueError?.path.slice(1);
  const text = field
    ? `The field "${field}" is missing or is not what it should be.`
    : "The body should be an object.";
  return new Refusal(ErrorCode.INVALID_ARGUMENT, text);
}

function mistake(error: unknown, path: string, log: Log): Refusal {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  // A stack begins with the message, which for Elysia's errors could quote the request.
  const details = error instanceof ValidationError ? {} : { text: message, stack };
  log.error({ path, error: name, ...details }, "request failed");
  return new Refusal(ErrorCode.INTERNAL);
}
