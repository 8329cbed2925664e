import { BatchWriter } from "../../src/store/batch.ts";
import { Thread } from "../../src/store/thread.ts";
import { Writer } from "../../src/store/writer.ts";
import type { EchoCalls } from "./echo.worker.ts";
import type { Group } from "./group.ts";
import { withFile } from "./scratch_folder.ts";
import { fillBatch, sampleSends } from "./sends.ts";
import type { Row, Table } from "./table.ts";
import { type Effort, timeEach, timeOwn, timingColumns } from "./timing.ts";

const messageCounts = [1, 10, 100, 1000];
/** The open batch is taken before it gets larger than under the heaviest load. */
const TAKE_BYTES = 512 * 1024;

export const batch: Group = {
  summary: "the open batch, and handing it over to a thread and back",
  run: async (effort) => [await filling(effort), await handOver(effort)],
};

async function filling(effort: Effort): Promise<Table> {
  const writer = new BatchWriter();
  const add = await timeEach(effort, sampleSends, ({ send, author, timeMs }) => {
    if (writer.bytes > TAKE_BYTES) writer.take();
    writer.addMessage(send, author, timeMs);
  });
  const ping = await timeEach(effort, sampleSends, () => {
    if (writer.bytes > TAKE_BYTES) writer.take();
    writer.addPing();
  });
  const rows: Row[] = [
    { name: "add a message", values: { ...add } },
    { name: "add a ping", values: { ...ping } },
  ];
  const note =
    "A send that has been read, encoded into the batch; taking it now and then is included.";
  return { title: "The open batch", note, columns: timingColumns, rows };
}

async function handOver(effort: Effort): Promise<Table> {
  const echo = new Thread<EchoCalls>(new URL("./echo.worker.ts", import.meta.url), fail);
  const rows: Row[] = [];
  try {
    for (const messages of messageCounts) {
      const timing = await handedOver(effort, messages, (bytes) =>
        echo.call("echo", [bytes], [bytes.buffer]),
      );
      rows.push(rowOf("nothing done there", messages, timing));
    }
  } finally {
    echo.terminate();
  }
  await withFile(async (path) => {
    const writer = await Writer.open(path, "committed", fail);
    try {
      for (const messages of messageCounts) {
        const timing = await handedOver(effort, messages, (bytes) =>
          writer.commit(bytes, messages),
        );
        rows.push(rowOf("committed, not synced", messages, timing));
      }
    } finally {
      await writer.close();
    }
  });
  return {
    title: "A batch to another thread and back",
    note: "The filled batch is taken, transferred, and its answer awaited. Filling it is not included.",
    columns: { p50Us: "p50 us", avgUs: "mean us", p99Us: "p99 us", messageUs: "us a message" },
    rows,
  };
}

function handedOver(
  effort: Effort,
  messages: number,
  send: (bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>,
) {
  const writer = new BatchWriter();
  return timeOwn(effort, async () => {
    const bytes = fillBatch(writer, messages);
    const began = Bun.nanoseconds();
    await send(bytes);
    return Bun.nanoseconds() - began;
  });
}

function rowOf(
  what: string,
  messages: number,
  timing: { p50: number; avg: number; p99: number },
): Row {
  const { p50, avg, p99 } = timing;
  return {
    name: `${messages} message${messages === 1 ? "" : "s"}, ${what}`,
    values: {
      p50Us: p50 / 1e3,
      avgUs: avg / 1e3,
      p99Us: p99 / 1e3,
      messageUs: p50 / 1e3 / messages,
    },
  };
}

function fail(error: Error): void {
  throw error;
}
