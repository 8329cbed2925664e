import { createInterface } from "node:readline";
import type { HubbubClient } from "../client/client.ts";
import { asHubbubError } from "../client/errors.ts";

/**
 * Sends each line that is not empty, one after the other, each when the one before it is durable.
 *
 * @param patienceMs how long one line may wait; after that nothing more is sent.
 * @returns whether every line is durable.
 */
export async function sendLines(
  client: HubbubClient,
  channel: number,
  input: NodeJS.ReadableStream,
  complain: (text: string) => void,
  patienceMs: number,
): Promise<boolean> {
  let allSent = true;
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line === "") continue;
    const giveUp = setTimeout(() => void client.close(), patienceMs);
    try {
      await client.send(channel, line);
    } catch (thrown) {
      allSent = false;
      const { code, text } = asHubbubError(thrown);
      const why = code === "CLOSED" ? "it was not acknowledged in time, but may arrive" : text;
      complain(`line ${number} was not sent: ${why}`);
      if (client.state === "stopped") return false;
    } finally {
      clearTimeout(giveUp);
    }
  }
  return allSent;
}
