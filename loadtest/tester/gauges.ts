import { nowUs } from "./clock.ts";
import type { SecondReport } from "./messages.ts";
import { Tally } from "./tally.ts";

/** What the users of this process count, and take away second by second. */
export class Gauges {
  connected = 0;
  arrived = 0;
  gone = 0;
  messagesSent = 0;
  messagesAcknowledged = 0;
  deliveries = 0;
  joins = 0;
  leaves = 0;
  signIns = 0;
  reconnects = 0;
  readonly ack = new Tally();
  readonly delivery = new Tally();
  readonly signIn = new Tally();
  readonly resume = new Tally();
  readonly #lateness: Tally;
  #errors: Record<string, number> = {};
  #cpu = process.cpuUsage();
  #takenUs = nowUs();

  constructor(lateness: Tally) {
    this.#lateness = lateness;
  }

  /** Counts errors, refusals or disconnects by their code. */
  error(code: string, times = 1): void {
    if (times > 0) this.#errors[code] = (this.#errors[code] ?? 0) + times;
  }

  /** Begins to count from nothing: what came before the run is not its own. */
  begin(): void {
    this.#lateness.take();
    this.#cpu = process.cpuUsage();
    this.#takenUs = nowUs();
  }

  take(second: number): SecondReport {
    const cpu = process.cpuUsage(this.#cpu);
    const endUs = nowUs();
    const report = {
      second,
      connected: this.connected,
      arrived: this.arrived,
      gone: this.gone,
      messagesSent: this.messagesSent,
      messagesAcknowledged: this.messagesAcknowledged,
      deliveries: this.deliveries,
      joins: this.joins,
      leaves: this.leaves,
      signIns: this.signIns,
      reconnects: this.reconnects,
      errors: this.#errors,
      cpuUs: cpu.user + cpu.system,
      wallUs: endUs - this.#takenUs,
      ack: this.ack.take(),
      delivery: this.delivery.take(),
      signIn: this.signIn.take(),
      resume: this.resume.take(),
      lateness: this.#lateness.take(),
    };
    this.messagesSent = this.messagesAcknowledged = this.deliveries = 0;
    this.joins = this.leaves = this.signIns = this.reconnects = 0;
    this.#errors = {};
    this.#cpu = process.cpuUsage();
    this.#takenUs = endUs;
    return report;
  }
}
