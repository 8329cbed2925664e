/** What is over sooner needs no sign of life. */
const SILENT_MS = 500;
/** How often it is told. */
const EVERY_MS = 200;

export interface Progress {
  /** @param part from 0 to 1. */
  show(part: number): void;
  /** Says something at once, where nothing can be shown for a while. */
  note(text: string): void;
  end(): void;
}

/** Tells on a terminal, in one line that is gone at the end, how far something is; elsewhere nothing. */
export function showProgress(what: string): Progress {
  const { stderr } = process;
  if (!stderr.isTTY) return { show: () => {}, note: () => {}, end: () => {} };
  let shownMs = performance.now() + SILENT_MS - EVERY_MS;
  let isShown = false;
  return {
    show(part) {
      if (performance.now() < shownMs + EVERY_MS) return;
      shownMs = performance.now();
      isShown = true;
      stderr.write(`\r${what}: ${Math.floor(part * 100)}%`);
    },
    note(text) {
      isShown = true;
      stderr.write(`\r${what} ${text}`);
    },
    end() {
      if (isShown) stderr.write("\r\x1b[K");
    },
  };
}
