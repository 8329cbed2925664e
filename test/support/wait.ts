/**
 * Waits until a condition holds, looking every few ms: for what gives no sign of its own.
 *
 * @param everyMs more for what takes a busy server time to tell.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  everyMs = 5,
): Promise<void> {
  while (!(await condition())) await Bun.sleep(everyMs);
}
