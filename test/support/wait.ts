/** Waits until a condition holds, looking every few ms: for what gives no sign of its own. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await Bun.sleep(5);
}
