import type { Coding } from "./pack.ts";

/** The smallest in front. */
const preference: readonly Coding[] = ["br", "gzip"];

/**
 * The coding to answer with (RFC 9110, section 12.5.3): the smallest that the header allows and that
 * there is. What a client forbids altogether it gets as it is.
 */
export function chooseCoding(
  acceptEncoding: string | null,
  there: Partial<Record<Coding, unknown>>,
): Coding {
  const weights = new Map<string, number>();
  for (const item of (acceptEncoding ?? "").toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(name, quality === undefined ? 1 : Number(quality.slice(2)));
  }
  const isAllowed = (coding: Coding) => (weights.get(coding) ?? weights.get("*") ?? 0) > 0;
  return (
    preference.find((coding) => there[coding] !== undefined && isAllowed(coding)) ?? "identity"
  );
}

/** Whether one of the validators is the entity tag: `If-None-Match` of RFC 9110, section 13.1.2. */
export function matches(ifNoneMatch: string | null, entityTag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch
    .split(",")
    .map((validator) => validator.trim().replace(/^W\//, ""))
    .some((validator) => validator === "*" || validator === entityTag);
}
