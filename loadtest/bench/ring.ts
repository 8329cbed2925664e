import { Ring } from "../../src/channels/ring.ts";
import type { Group } from "./group.ts";
import { messageRecords } from "./records.ts";
import type { Row } from "./table.ts";
import { type Timing, timeEach, timingColumns } from "./timing.ts";

const CHANNELS = 64;
/** As many in each channel as twenty seconds bring under load, at the longest pace. */
const CHUNKS = 1000;
const MESSAGES_PER_CHUNK = 8;
const PAGE_BYTES = 64 * 1024;

const channels = Array.from({ length: CHANNELS }, (_, index) => index + 1);
const records = messageRecords(MESSAGES_PER_CHUNK);

export const ring: Group = {
  summary: "the ring of recent messages: keeping, and reading for those who resume",
  async run(effort) {
    const last = CHUNKS * MESSAGES_PER_CHUNK;
    const rows: Row[] = [];
    const add = (name: string, timing: Timing) => rows.push({ name, values: { ...timing } });

    // Twice what one message in flight would leave: every push drops the oldest.
    const full = filled(1024 * 1024);
    const firsts = new Map(channels.map((channel) => [channel, last + 1]));
    add(
      `push ${MESSAGES_PER_CHUNK} messages, dropping the oldest`,
      await timeEach(effort, channels, (channel) => {
        const first = firsts.get(channel) as number;
        firsts.set(channel, first + MESSAGES_PER_CHUNK);
        full.push(channel, first, MESSAGES_PER_CHUNK, records);
      }),
    );

    const whole = filled(Number.POSITIVE_INFINITY);
    for (const missed of [1, MESSAGES_PER_CHUNK * 10, last - 1]) {
      add(
        `read the last ${missed} of ${last}`,
        await timeEach(effort, channels, (id) => whole.after(id, last - missed, PAGE_BYTES)),
      );
    }
    add(
      "read what it does not hold",
      await timeEach(effort, channels, (id) => whole.after(id + CHANNELS, 0, PAGE_BYTES)),
    );
    const title = "The ring";
    const note = `${CHANNELS} channels with ${CHUNKS} deliveries of ${MESSAGES_PER_CHUNK} messages; a page is at most 64 KiB.`;
    return [{ title, note, columns: timingColumns, rows }];
  },
};

function filled(limitBytes: number): Ring {
  const ring = new Ring(limitBytes);
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const first = chunk * MESSAGES_PER_CHUNK + 1;
    for (const channel of channels) ring.push(channel, first, MESSAGES_PER_CHUNK, records);
  }
  return ring;
}
