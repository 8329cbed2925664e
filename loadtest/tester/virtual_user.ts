import { errorName } from "../../src/wire/codes.ts";
import type { Resumed, Welcome } from "../../src/wire/gen/hubbub/v1/events_pb.ts";
import type { Event } from "../../src/wire/gen/hubbub/v1/frames_pb.ts";
import { nowUs } from "./clock.ts";
import { Conversation, type Question } from "./conversation.ts";
import { Deliveries } from "./deliveries.ts";
import { Entrance } from "./entrance.ts";
import type { Run } from "./known_frames.ts";
import { Memberships } from "./memberships.ts";
import { type EventSink, walkFrame, walkJsonFrame } from "./server_frames.ts";
import type { SocketEvents } from "./socket.ts";
import { stampOf } from "./stamp.ts";
import type { Surroundings, UserSettings } from "./surroundings.ts";
import type { Action } from "./workload.ts";

/** After its last action a user waits so long for what it is owed; what has not come then is lost. */
const FAREWELL_US = 30_000_000;

/**
 * One user: signs in, connects, joins, acts when its actions are due, checks what it receives, and
 * leaves. A lost connection is taken up again where it ended.
 *
 * Actions are due by the clock, whether the server keeps up or not. One that cannot be carried out
 * at its time (there is no connection, a join has not been answered) is carried out as soon as it
 * can be, and counts from when it was due.
 */
export class VirtualUser implements EventSink, SocketEvents {
  readonly #settings: UserSettings;
  readonly #around: Surroundings;
  readonly #entrance: Entrance;
  readonly #conversation: Conversation;
  readonly #memberships: Memberships;
  readonly #deliveries: Deliveries;
  #isWelcomed = false;
  /** Resumed: commands may be sent. */
  #isOnline = false;
  #hasArrived = false;
  #isLeaving = false;
  #isGone = false;
  /** When signing in was due. */
  #enteredUs = 0;
  /** When the connection was lost that has not been taken up again; 0 where there is none. */
  #lostUs = 0;
  /** When the frame at hand came. */
  #receivedUs = 0;
  #messages = 0;
  /** Empty before the first welcome. */
  #logId = "";
  /** Due times of actions that could not be carried out yet, the oldest first. */
  readonly #overdue: number[] = [];
  /** Questions that a lost connection left open; the next welcome tells what became of them. */
  #open: Question[] = [];

  constructor(settings: UserSettings, around: Surroundings) {
    this.#settings = settings;
    this.#around = around;
    this.#conversation = new Conversation(settings.subprotocol);
    this.#memberships = new Memberships(settings.name, around.findings, around.room);
    this.#deliveries = new Deliveries(this.#memberships, around);
    this.#entrance = new Entrance({
      ...settings,
      events: this,
      onSocket: (socket) => this.#conversation.continueOn(socket),
      onRefusal: (code) => around.gauges.error(code),
      onGivingUp: () => {
        around.gauges.error("GAVE_UP");
        this.#go();
      },
      after: (waitMs, run) => around.schedule.at(nowUs() + waitMs * 1000, run),
    });
  }

  /** Signs in and connects. `dueUs` is when that was due. */
  enter(dueUs: number): void {
    this.#enteredUs = dueUs;
    void this.#entrance.open();
  }

  /** Plans all actions, the first at `firstUs`, and the leaving after the last. */
  act(firstUs: number): void {
    const { actions, betweenUs } = this.#settings;
    const { schedule } = this.#around;
    const plan = (done: number, dueUs: number) => {
      if (this.#isLeaving || this.#isGone) return;
      if (done === actions) return schedule.at(dueUs, () => this.leave());
      schedule.at(dueUs, () => {
        this.#overdue.push(dueUs);
        this.#catchUp();
        plan(done + 1, dueUs + betweenUs);
      });
    };
    plan(0, firstUs);
  }

  /** The connection breaks, and is taken up again. */
  cut(): void {
    if (!this.#isWelcomed) return;
    this.#conversation.cut();
    this.#lost();
  }

  /** Leaves as soon as everything that was due is done, and everything owed has come. */
  leave(): void {
    if (this.#isLeaving || this.#isGone) return;
    this.#isLeaving = true;
    if (this.#logId === "") return this.#go();
    this.#around.schedule.at(nowUs() + FAREWELL_US, () => {
      if (this.#isGone) return;
      this.#around.gauges.error("FAREWELL_TIMED_OUT");
      this.#memberships.settle(this.#memberships.owed());
      this.#go();
    });
    this.#catchUp();
  }

  // What the socket tells.

  binary(bytes: Uint8Array, from: number, to: number): void {
    this.#receivedUs = nowUs();
    walkFrame(bytes, from, to, this.#around.knownFrames, this);
  }

  text(text: string): void {
    this.#receivedUs = nowUs();
    walkJsonFrame(text, this);
  }

  closed(reason: string): void {
    this.#around.gauges.error(/^\d+$/.test(reason) ? `CLOSED_${reason}` : reason);
    if (reason === "INVALID_TOKEN") this.#settings.pass.refused();
    this.#lost();
  }

  // What the frames tell.

  message(channel: number, seq: number, dueUs: number): void {
    this.#deliveries.message(channel, seq, dueUs, this.#receivedUs);
  }

  run(run: Run): void {
    this.#deliveries.run(run, this.#receivedUs);
  }

  sent(request: number, channel: number, seq: number): void {
    const { gauges } = this.#around;
    const send = this.#conversation.sendAnswered(request);
    if (send === undefined) return gauges.error("UNASKED_ANSWER");
    gauges.messagesAcknowledged += 1;
    gauges.ack.add(this.#receivedUs - send.dueUs);
    this.#memberships.get(channel)?.room.reaches(seq);
  }

  event({ request, event }: Event): void {
    const { gauges } = this.#around;
    const conversation = this.#conversation;
    switch (event.case) {
      case "welcome":
        return this.#welcomed(event.value);
      case "error":
        return this.#refused(request, errorName(event.value.code));
      case "slowConsumer":
        return gauges.error("SLOW_CONSUMER");
      case "joined":
      case "left":
      case "resumed":
      case "pong":
        break;
      default:
        return;
    }
    const question = conversation.answered(request);
    if (question === undefined) return request === 0 ? undefined : gauges.error("UNASKED_ANSWER");
    if (question.kind === "leave") this.#memberships.end(question.track, question.owed);
    else if (question.kind === "farewell") {
      // The pong comes after the answers of all sends before it.
      gauges.error("UNANSWERED_SEND", conversation.unansweredSends);
      this.#memberships.settle(question.owed);
      return this.#go();
    } else if (event.case === "joined" && event.value.channel) {
      this.#memberships.begin(event.value.channel);
    } else if (event.case === "resumed") this.#resumed(event.value);
    this.#catchUp();
  }

  // Coming in.

  #welcomed({ logId, channels }: Welcome): void {
    const { gauges } = this.#around;
    this.#entrance.succeeded();
    this.#isWelcomed = true;
    gauges.connected += 1;
    if (this.#logId === "") {
      gauges.signIns += 1;
      gauges.signIn.add(this.#receivedUs - this.#enteredUs);
    } else if (this.#logId !== logId) gauges.error("LOG_CHANGED");
    this.#logId = logId;
    this.#memberships.reconcile(channels);
    for (const question of this.#open.splice(0)) this.#correct(question);
    this.#conversation.ask({ kind: "resume" }, "resume", { cursors: this.#memberships.cursors() });
  }

  /** Tells the workload where it is wrong about a join or leave that was not answered. */
  #correct(question: Question): void {
    const { workload } = this.#settings;
    if (question.kind !== "join" && question.kind !== "leave") return;
    workload.corrected(question.name, this.#memberships.named(question.name) !== undefined);
  }

  #resumed({ refused }: Resumed): void {
    const { gauges } = this.#around;
    for (const { code } of refused) gauges.error(errorName(code));
    this.#isOnline = true;
    if (this.#lostUs > 0) {
      gauges.reconnects += 1;
      gauges.resume.add(this.#receivedUs - this.#lostUs);
      this.#lostUs = 0;
    }
    this.#conversation.repeatSends();
    if (this.#hasArrived) return;
    for (const name of this.#settings.workload.begin(this.#memberships.names)) {
      this.#conversation.join(name);
    }
  }

  /** Does what is due and possible now. Called whenever something has changed. */
  #catchUp(): void {
    const conversation = this.#conversation;
    const mayAct = () => this.#isOnline && !conversation.isAsking("join", "leave");
    if (!mayAct()) return;
    if (!this.#hasArrived) {
      this.#hasArrived = true;
      this.#around.arrived(this);
    }
    while (this.#overdue.length > 0 && mayAct()) {
      this.#carryOut(this.#settings.workload.next(), this.#overdue.shift() as number);
    }
    if (this.#isLeaving && mayAct() && !conversation.isAsking("farewell")) {
      this.#conversation.ask({ kind: "farewell", owed: this.#memberships.owed() }, "ping", {});
    }
  }

  // Acting.

  #carryOut(action: Action, dueUs: number): void {
    const { gauges, nonceStem } = this.#around;
    if (action.kind === "pass") return;
    if (action.kind === "join") {
      gauges.joins += 1;
      return this.#conversation.join(action.channel);
    }
    const track = this.#memberships.named(action.channel);
    if (track === undefined) return gauges.error("NOT_IN_CHANNEL");
    const { id: channel, head: owed } = track.room;
    if (action.kind === "leave") {
      gauges.leaves += 1;
      this.#conversation.ask({ kind: "leave", name: action.channel, track, owed }, "leave", {
        channel,
      });
    } else {
      gauges.messagesSent += 1;
      const nonce = `${nonceStem}-${this.#messages++}`;
      const send = { dueUs, channel, nonce, body: `${stampOf(dueUs)} ${action.text}` };
      this.#conversation.send(send);
    }
  }

  #refused(request: number, code: string): void {
    this.#around.gauges.error(code);
    if (this.#conversation.sendAnswered(request)) return;
    const question = this.#conversation.answered(request);
    if (question === undefined) return;
    // Without an answer to these there is no going on: connect anew and ask again.
    if (question.kind === "resume" || question.kind === "farewell") return this.cut();
    this.#correct(question);
    this.#catchUp();
  }

  // Going.

  #lost(): void {
    if (this.#isGone) return;
    if (this.#isWelcomed) {
      this.#around.gauges.connected -= 1;
      this.#lostUs ||= nowUs();
    }
    this.#isWelcomed = this.#isOnline = false;
    this.#open.push(...this.#conversation.lost());
    this.#entrance.again();
  }

  #go(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#entrance.shut();
    if (this.#isWelcomed) this.#around.gauges.connected -= 1;
    this.#isWelcomed = this.#isOnline = false;
    this.#conversation.close();
    this.#around.gone(this, this.#hasArrived);
  }
}
