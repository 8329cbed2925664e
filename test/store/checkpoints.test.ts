import { beforeEach, describe, expect, test } from "bun:test";
import { Checkpoints } from "../../src/store/checkpoints.ts";

/** 64 MiB of 4 KiB pages. */
const BOUND_FRAMES = 16_384;

let happened: unknown[];
let checkpoint: () => Promise<number>;
let restartWal: () => Promise<void>;
let checkpoints: Checkpoints;

beforeEach(() => {
  happened = [];
  checkpoint = async () => 0;
  restartWal = async () => {};
  checkpoints = new Checkpoints({
    checkpoint: () => {
      happened.push("checkpoint");
      return checkpoint();
    },
    restartWal: () => {
      happened.push("restart");
      return restartWal();
    },
    failed: (error) => happened.push(error),
  });
});

describe("the WAL", () => {
  test("is copied at every tick, whoever wrote to it", async () => {
    await checkpoints.tick();
    await checkpoints.tick();
    expect(happened).toEqual(["checkpoint", "checkpoint"]);
  });

  test("is started over by the writer only past its bound", async () => {
    checkpoint = async () => BOUND_FRAMES;
    await checkpoints.tick();
    expect(happened).toEqual(["checkpoint"]);
    checkpoint = async () => BOUND_FRAMES + 1;
    await checkpoints.tick();
    expect(happened).toEqual(["checkpoint", "checkpoint", "restart"]);
  });

  test("is copied by one checkpoint at a time", async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    checkpoint = () => promise;
    const first = checkpoints.tick();
    await checkpoints.tick();
    expect(happened).toEqual(["checkpoint"]);
    resolve(0);
    await first;
    // What the second tick would have copied is copied by the next.
    await checkpoints.tick();
    expect(happened).toEqual(["checkpoint", "checkpoint"]);
  });
});

describe("a checkpoint that fails", () => {
  const error = new Error("the disk is full");

  test("is told of, and tried again at the next tick", async () => {
    checkpoint = () => Promise.reject(error);
    await checkpoints.tick();
    expect(happened).toEqual(["checkpoint", error]);
    checkpoint = async () => 0;
    await checkpoints.tick();
    expect(happened).toEqual(["checkpoint", error, "checkpoint"]);
  });

  test("asks the writer for nothing once it is stopped", async () => {
    const copying = Promise.withResolvers<number>();
    checkpoint = () => copying.promise;
    const tick = checkpoints.tick();
    checkpoints.stop();
    copying.resolve(BOUND_FRAMES + 1);
    await tick;
    expect(happened).toEqual(["checkpoint"]);
  });

  test("is told of where the writer cannot start the WAL over", async () => {
    checkpoint = async () => BOUND_FRAMES + 1;
    restartWal = () => Promise.reject(error);
    await checkpoints.tick();
    expect(happened).toEqual(["checkpoint", "restart", error]);
  });
});
