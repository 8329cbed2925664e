import { Channels } from "../../src/channels/channels.ts";
import { Membership } from "../../src/channels/membership.ts";
import type { Connection, User } from "../../src/channels/user.ts";
import { Counters } from "../../src/monitor/counters.ts";
import { Subscriptions } from "../../src/store/subscriptions.ts";
import type { Group } from "./group.ts";
import type { Row } from "./table.ts";
import { type Timing, timeEach, timeOwn, timingColumns } from "./timing.ts";

const USERS = 64;
const CHANNELS_EACH = 10;
const CHANNELS = 20;

/** A connection that is told everything and does nothing about it. */
class DeafConnection implements Connection {
  joined(): void {}
  left(): void {}
}

interface Person {
  readonly user: User;
  readonly connection: Connection;
}

export const membership: Group = {
  summary: "users who come, go, join and leave, in memory",
  async run(effort) {
    const rows: Row[] = [];
    const add = (name: string, timing: Timing) => rows.push({ name, values: { ...timing } });
    const accounts = Array.from({ length: USERS }, (_, index) => index + 1);

    const { membership, last } = crowd();
    const people: Person[] = accounts.map((account) => {
      const connection = new DeafConnection();
      return { user: membership.connect(account, `user_${account}`, connection), connection };
    });

    const second = new DeafConnection();
    add(
      "connect and disconnect, the user has another connection",
      await timeEach(effort, people, ({ user }) => {
        membership.connect(user.id, user.name, second);
        membership.disconnect(user, second);
      }),
    );
    add(
      "join a channel and leave it",
      await timeEach(effort, people, ({ user, connection }) => {
        // As the channel is there, the join has happened when the call returns.
        membership.join(user, last.name, connection);
        return membership.leave(user, last.id, connection);
      }),
    );
    add(
      "join a channel that one is in",
      await timeEach(effort, people, ({ user, connection }) =>
        membership.join(user, "channel_1", connection),
      ),
    );

    const away = crowd();
    add(
      `connect a user in ${CHANNELS_EACH} channels, and disconnect`,
      await timeOwn(effort, async () => {
        const began = Bun.nanoseconds();
        for (const account of accounts) {
          const user = away.membership.connect(account, "user", second);
          away.membership.disconnect(user, second);
        }
        const ns = Bun.nanoseconds() - began;
        // Only then are they forgotten, and the next time loaded anew.
        await away.membership.flush();
        return ns / USERS;
      }),
    );
    const title = "Membership";
    const note = `${USERS} users, each in ${CHANNELS_EACH} of ${CHANNELS} channels. Nothing is read from a file or written.`;
    return [{ title, note, columns: timingColumns, rows }];
  },
};

function crowd() {
  const rows = Array.from({ length: CHANNELS }, (_, index) => ({
    id: index + 1,
    name: `channel_${index + 1}`,
    head: 0,
    members: USERS,
  }));
  const nothing = () => Promise.reject(new Error("bench: no channel is made here"));
  const channels = new Channels(rows, { run: nothing, limit: CHANNELS, now: () => 0 });
  const membership = new Membership({
    channels,
    subscriptions: new Subscriptions(async () => {}),
    stored: (account) =>
      Array.from({ length: CHANNELS_EACH }, (_, index) => ((account + index) % CHANNELS_EACH) + 1),
    newestAccount: USERS,
    channelsPerUser: CHANNELS,
    counters: new Counters(),
    changed() {},
    flushFailed(error) {
      throw error;
    },
  });
  return { membership, last: { id: CHANNELS, name: `channel_${CHANNELS}` } };
}
