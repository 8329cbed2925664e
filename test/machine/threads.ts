import { readdirSync, readFileSync } from "node:fs";

/** A thread, and the cores it may run on as the kernel lists them: `0-1`. */
export interface ThreadCores {
  readonly id: number;
  readonly cores: string;
}

/** The threads of a process. One that ends meanwhile is left out. */
export function threadsOf(pid: number): ThreadCores[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((id) => {
    const cores = coresOf(`${pid}/task/${id}`);
    return cores === undefined ? [] : [{ id: Number(id), cores }];
  });
}

/** The cores of this thread, which are those that every test's processes begin with. */
export function ownCores(): { list: string; first: number } {
  const list = coresOf("thread-self") ?? "";
  return { list, first: Number.parseInt(list, 10) };
}

function coresOf(thread: string): string | undefined {
  try {
    const status = readFileSync(`/proc/${thread}/status`, "utf8");
    return /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  } catch {
    return undefined;
  }
}
