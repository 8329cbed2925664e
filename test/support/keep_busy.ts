const BUSY_MS = 60;
const FREE_MS = 5;

/**
 * Sees to it that hardly a turn of a server's event loop comes in time: it works on the thread that the server
 * shares with the test, or stops the process that it is in, again and again. Returns what ends that.
 */
export function keepBusy({ pid }: { readonly pid: number }): () => void {
  let isOver = false;
  const shared = () => {
    const endMs = performance.now() + BUSY_MS;
    while (performance.now() < endMs);
    if (!isOver) setImmediate(shared);
  };
  const apart = async () => {
    while (!isOver) {
      process.kill(pid, "SIGSTOP");
      await Bun.sleep(BUSY_MS);
      process.kill(pid, "SIGCONT");
      await Bun.sleep(FREE_MS);
    }
  };
  if (pid === process.pid) shared();
  else void apart();
  return () => {
    isOver = true;
  };
}
