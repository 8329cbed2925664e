import type { Random } from "./random.ts";

const BASE_MS = 500;
const CAP_MS = 30_000;

/** Exponential back-off with full jitter, as docs/PROTOCOL.md asks for; `attempt` counts from 0. */
export function backoffMs(attempt: number, random: Random): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** attempt);
}
