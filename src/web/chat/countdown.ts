import { useEffect, useState } from "preact/hooks";

/** Whole seconds until then, counting down to 0. The component is rendered anew each second. */
export function useSecondsUntil(atMs: number | undefined): number {
  const [, setTick] = useState(0);
  const leftMs = atMs === undefined ? 0 : Math.max(0, atMs - Date.now());
  useEffect(() => {
    if (leftMs <= 0) return;
    // In the first half of the second that it shows next, so that none is left out.
    const timer = setTimeout(() => setTick((tick) => tick + 1), (leftMs % 1000) + 20);
    return () => clearTimeout(timer);
  });
  return Math.ceil(leftMs / 1000);
}

/** `1 second`, `12 seconds`, `2 minutes`. */
export function spell(seconds: number): string {
  if (seconds > 90) return `${Math.ceil(seconds / 60)} minutes`;
  return seconds === 1 ? "1 second" : `${seconds} seconds`;
}
