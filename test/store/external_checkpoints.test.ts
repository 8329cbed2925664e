import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WalWatch } from "../../src/store/wal_watch.ts";
import { startProcess } from "../support/process.ts";
import { RawConnection, send } from "../support/raw_connection.ts";
import { register } from "../support/server.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

const GENERAL = 1;
const PATIENCE_MS = 60_000;
const WAL_HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4096;
const HEADER_SALT_AT = 16;
const FRAME_SALT_AT = 8;
const SALT_BYTES = 8;

let folder: string;
let data: string;
beforeEach(() => {
  folder = makeFolder();
  data = join(folder, "hubbub.db");
});
afterEach(() => removeFolder(folder));

/**
 * What Litestream does with a database: it holds a read transaction, so that nobody starts the WAL
 * over; it follows the WAL by its frames; now and then it lets go, copies the WAL into the database
 * itself, writes a row, so that the WAL is not empty, and holds on again.
 */
class Replicator {
  readonly #db: Database;
  readonly #wal: string;
  #salt = "";
  /** Of the WAL, as they were last followed. */
  frames = 0;
  /** How often somebody else had started the WAL over: it then has to copy the whole database. */
  lost = 0;
  checkpoints = 0;

  constructor(path: string) {
    this.#wal = `${path}-wal`;
    this.#db = new Database(path);
    this.#db.run("PRAGMA busy_timeout = 1000");
    this.#db.run("PRAGMA wal_autocheckpoint = 0");
    this.#db.run(
      "CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
    );
    this.#db.run("CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER)");
    this.#hold();
    this.#begin();
  }

  /** Follows the WAL. */
  sync(): void {
    const wal = readFileSync(this.#wal);
    if (saltAt(wal, HEADER_SALT_AT) !== this.#salt) {
      this.lost += 1;
      this.#begin();
    }
    // Those behind are of the WAL before it was started over.
    let at = WAL_HEADER_BYTES;
    while (saltAt(wal, at + FRAME_SALT_AT) === this.#salt) at += FRAME_BYTES;
    this.frames = (at - WAL_HEADER_BYTES) / FRAME_BYTES;
  }

  /**
   * Copies the WAL into the database. Whoever else did, in the moment in which it holds nothing, would
   * let the next commit start the WAL over.
   *
   * @param meanwhile makes that moment long.
   */
  async checkpoint(mode: "PASSIVE" | "TRUNCATE", meanwhile: () => Promise<void>): Promise<void> {
    this.sync();
    this.#db.run("ROLLBACK");
    await meanwhile();
    this.sync();
    this.#db.query(`PRAGMA wal_checkpoint(${mode})`).get();
    this.#db.run(
      "INSERT INTO _litestream_seq (id, seq) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1",
    );
    this.#hold();
    // It may have started over, by its own doing.
    this.#begin();
    this.checkpoints += 1;
  }

  close(): void {
    this.#db.run("ROLLBACK");
    this.#db.close();
  }

  #hold(): void {
    this.#db.run("BEGIN");
    this.#db.query("SELECT count(*) FROM _litestream_seq").get();
  }

  #begin(): void {
    this.#salt = saltAt(readFileSync(this.#wal), HEADER_SALT_AT);
  }
}

/** Each WAL has a salt of its own, in its header and in each of its frames. */
function saltAt(wal: Buffer, at: number): string {
  return wal.subarray(at, at + SALT_BYTES).toString("hex");
}

describe("HUBBUB_CHECKPOINTS=external", () => {
  test(
    "leaves the WAL to a program beside, which never loses its place, and nothing is lost",
    async () => {
      const server = await startProcess(folder, {
        checkpoints: "external",
        messagesPerSecond: 1_000_000,
        messageBurst: 1_000_000,
      });
      const { accessToken } = await register(server.url, "ada");
      const ada = await RawConnection.open(server.url, accessToken);
      await ada.expect("resumed", { case: "resume", value: {} });
      const replicator = new Replicator(data);
      let sent = 0;
      const say = async (count: number) => {
        const requests = Array.from({ length: count }, () =>
          ada.post(send(GENERAL, `${++sent}`, `nonce-${sent}`)),
        );
        for (const request of requests) {
          expect((await ada.answerTo(request)).case).toBe("sent");
        }
      };
      for (let round = 0; round < 8; round++) {
        const before = replicator.frames;
        await say(50);
        replicator.sync();
        // It is only appended to, unless the replicator itself has just copied it.
        expect(replicator.frames).toBeGreaterThan(round % 4 === 0 ? 0 : before);
        const meanwhile = async () => {
          await say(20);
          // The server's own checkpoints would come each second.
          await Bun.sleep(2500);
          await say(20);
        };
        if (round % 4 === 3) {
          await replicator.checkpoint(round === 3 ? "PASSIVE" : "TRUNCATE", meanwhile);
        }
      }
      // Stopping copies nothing either while the other program is there.
      await say(50);
      replicator.sync();
      const { frames } = replicator;
      expect(await server.end("SIGTERM")).toBe(0);
      replicator.sync();
      expect(replicator.frames).toBeGreaterThanOrEqual(frames);
      expect(replicator).toMatchObject({ lost: 0, checkpoints: 2 });
      replicator.close();

      const again = await startProcess(folder, { checkpoints: "external" });
      const later = await RawConnection.open(again.url, accessToken);
      expect(later.welcome.channels[0]?.head).toBe(sent);
      const cursors = [{ channel: GENERAL, after: 0 }];
      await later.expect("resumed", { case: "resume", value: { cursors } });
      expect(later.messages().map(({ body }) => body)).toEqual(
        Array.from({ length: sent }, (_, index) => `${index + 1}`),
      );
      await again.end("SIGTERM");
    },
    PATIENCE_MS,
  );

  test("says when nobody checkpoints, each time the WAL has doubled", () => {
    const told: number[] = [];
    const watch = new WalWatch(data, (bytes) => told.push(bytes), 1000);
    watch.tick();
    for (const bytes of [999, 1000, 1999, 2000, 9000, 15_999, 16_000]) {
      writeFileSync(`${data}-wal`, Buffer.alloc(bytes));
      watch.tick();
      watch.tick();
    }
    expect(told).toEqual([1000, 2000, 9000, 16_000]);
    truncateSync(`${data}-wal`, 0);
    watch.tick();
    writeFileSync(`${data}-wal`, Buffer.alloc(1500));
    watch.tick();
    expect(told.at(-1)).toBe(1500);
  });
});
