import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";

const PAGE_BYTES = 4096;
const PAGEMAP_ENTRY_BYTES = 8;
/** Read at once; overlapping, so that nothing is missed at a seam. */
const CHUNK_PAGES = 4096;

/**
 * Whether a process has one of the byte strings in its memory. Linux only; the process must be a child
 * of this one, or this one root's.
 */
export function memoryHas(pid: number, needles: readonly Buffer[]): boolean {
  const memory = openSync(`/proc/${pid}/mem`, "r");
  const pagemap = openSync(`/proc/${pid}/pagemap`, "r");
  try {
    for (const [from, to] of populated(pid)) {
      for (const [first, pages] of present(pagemap, from, to)) {
        const bytes = Buffer.alloc(pages * PAGE_BYTES);
        try {
          readSync(memory, bytes, 0, bytes.length, first * PAGE_BYTES);
        } catch {
          // Gone since, or the kernel's own.
          continue;
        }
        if (needles.some((needle) => bytes.includes(needle))) return true;
      }
    }
    return false;
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
}

/** The ranges of addresses that have any memory, in pages. */
function* populated(pid: number): Generator<readonly [from: number, to: number]> {
  let range: readonly [number, number] | undefined;
  for (const line of readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? [];
    if (from !== undefined && to !== undefined) {
      range = [Number.parseInt(from, 16) / PAGE_BYTES, Number.parseInt(to, 16) / PAGE_BYTES];
    } else if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) range = undefined;
    const kib = Number(/^Rss: +(\d+) kB/.exec(line)?.[1] ?? 0);
    if (kib > 0 && range !== undefined) yield range;
  }
}

/** Of a range, the runs of pages that are in memory. */
function* present(
  pagemap: number,
  from: number,
  to: number,
): Generator<readonly [first: number, pages: number]> {
  const entries = Buffer.alloc(CHUNK_PAGES * PAGEMAP_ENTRY_BYTES);
  for (let page = from; page < to; page += CHUNK_PAGES - 1) {
    const wanted = Math.min(CHUNK_PAGES, to - page) * PAGEMAP_ENTRY_BYTES;
    const got = readSync(pagemap, entries, 0, wanted, page * PAGEMAP_ENTRY_BYTES);
    let run = 0;
    for (let index = 0; index <= got / PAGEMAP_ENTRY_BYTES; index += 1) {
      const at = index * PAGEMAP_ENTRY_BYTES + PAGEMAP_ENTRY_BYTES - 1;
      const isPresent = at < got && ((entries[at] as number) & 0xc0) !== 0;
      if (isPresent) run += 1;
      else if (run > 0) {
        yield [page + index - run, run];
        run = 0;
      }
    }
  }
}

/** The processes that a process has started. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
      .split(" ")
      .filter(Boolean)
      .map(Number),
  );
}
