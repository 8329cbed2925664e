import { beforeEach, describe, expect, test } from "bun:test";
import type { Channel } from "../../src/channels/channel.ts";
import { Channels } from "../../src/channels/channels.ts";
import { StoreError } from "../../src/store/errors.ts";
import type { RunJob } from "../../src/store/jobs.ts";
import { ErrorCode } from "../../src/wire/gen/hubbub/v1/events_pb.ts";

/** A creation that the writer was asked for; the test says how it ends. */
interface Creation {
  readonly name: string;
  succeed(id: number): void;
  fail(): void;
}

const general = { id: 1, name: "General", head: 7, members: 3 };
let creations: Creation[];

beforeEach(() => {
  creations = [];
});

const run = ((_job: string, name: string) =>
  new Promise<number>((resolve, reject) => {
    creations.push({
      name,
      succeed: resolve,
      fail: () => reject(new StoreError("SQLITE_FULL", "the disk is full")),
    });
  })) as unknown as RunJob;

function channelsUpTo(limit: number): Channels {
  return new Channels([general], { run, limit, now: () => 0 });
}

describe("channels", () => {
  test("are found by id and, in whatever case, by name", () => {
    const channels = channelsUpTo(10);
    expect(channels.get(1)).toMatchObject({ name: "General", head: 7, memberCount: 3 });
    expect(channels.named("gENERAL")).toBe(channels.get(1) as Channel);
    expect(channels.get(2)).toBeUndefined();
    expect(channels.named("other")).toBeUndefined();
  });

  test("that exist are not created again", async () => {
    const channels = channelsUpTo(10);
    expect(await channels.create("GENERAL")).toBe(channels.get(1) as Channel);
    expect(creations).toEqual([]);
  });

  test("begin empty, with the id that the file gave them", async () => {
    const channels = channelsUpTo(10);
    const created = channels.create("Rust");
    creations[0]?.succeed(2);
    expect(await created).toMatchObject({ id: 2, name: "Rust", head: 0, memberCount: 0 });
    expect(channels.named("rust")).toBe(channels.get(2) as Channel);
  });

  test("are created once, however many ask for one at the same time", async () => {
    const channels = channelsUpTo(10);
    const both = [channels.create("Rust"), channels.create("rust"), channels.create("RUST")];
    expect(creations.map(({ name }) => name)).toEqual(["Rust"]);
    creations[0]?.succeed(2);
    const [first, ...others] = await Promise.all(both);
    expect(others).toEqual([first, first] as Channel[]);
    expect(first).toMatchObject({ id: 2, name: "Rust" });
  });

  test("that could not be created can be asked for again", async () => {
    const channels = channelsUpTo(10);
    const both = [channels.create("rust"), channels.create("rust")];
    creations[0]?.fail();
    const results = await Promise.allSettled(both);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(channels.named("rust")).toBeUndefined();
    const again = channels.create("rust");
    creations[1]?.succeed(2);
    expect(await again).toMatchObject({ id: 2 });
  });

  test("are limited, those that are being created included", async () => {
    const channels = channelsUpTo(3);
    const first = channels.create("a");
    const second = channels.create("b");
    expect(await channels.create("c")).toBe(ErrorCode.CHANNEL_LIMIT);
    creations[0]?.succeed(2);
    creations[1]?.fail();
    await Promise.allSettled([first, second]);
    const third = channels.create("c");
    creations[2]?.succeed(3);
    expect(await third).toMatchObject({ id: 3 });
    expect(await channels.create("d")).toBe(ErrorCode.CHANNEL_LIMIT);
    // Those that exist can be had nevertheless.
    expect(await channels.create("a")).toMatchObject({ id: 2 });
  });

  test("are listed page by page, by id", async () => {
    const channels = channelsUpTo(10);
    for (const id of [2, 3, 4]) {
      const created = channels.create(`c${id}`);
      creations.at(-1)?.succeed(id);
      await created;
    }
    const idsOf = (after: number, limit: number) => {
      const page = channels.page(after, limit);
      return [page.channels.map(({ id }) => id), page.more];
    };
    expect(idsOf(0, 3)).toEqual([[1, 2, 3], true]);
    expect(idsOf(3, 3)).toEqual([[4], false]);
    expect(idsOf(0, 4)).toEqual([[1, 2, 3, 4], false]);
    expect(idsOf(4, 3)).toEqual([[], false]);
  });
});
