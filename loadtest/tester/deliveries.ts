import type { Run } from "./known_frames.ts";
import type { Memberships } from "./memberships.ts";
import type { Surroundings } from "./surroundings.ts";

/** The messages that one user receives: checked against what is owed, and timed. */
export class Deliveries {
  readonly #memberships: Memberships;
  readonly #around: Surroundings;

  constructor(memberships: Memberships, around: Surroundings) {
    this.#memberships = memberships;
    this.#around = around;
  }

  /** Hot. A message that came at `receivedUs` and was due at `dueUs`. */
  message(channel: number, seq: number, dueUs: number, receivedUs: number): void {
    const { gauges, startUs } = this.#around;
    gauges.deliveries += 1;
    const track = this.#memberships.get(channel);
    // A channel that was left, or not joined yet: docs/PROTOCOL.md says that nothing comes then.
    if (track === undefined) gauges.error("UNOWED_DELIVERY");
    else if (track.take(seq) && dueUs >= startUs) gauges.delivery.add(receivedUs - dueUs);
  }

  /** Hot. The same for messages in a row. */
  run({ channel, first, count, dueUs }: Run, receivedUs: number): void {
    const { gauges, startUs } = this.#around;
    if (this.#memberships.get(channel)?.takeRun(first, count) !== true) {
      for (let index = 0; index < count; index++) {
        this.message(channel, first + index, dueUs[index] as number, receivedUs);
      }
      return;
    }
    gauges.deliveries += count;
    for (let index = 0; index < count; index++) {
      const due = dueUs[index] as number;
      if (due >= startUs) gauges.delivery.add(receivedUs - due);
    }
  }
}
