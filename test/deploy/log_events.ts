import { readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const call = /\b(?:eventLog|log|#log)\.(info|warn|error|fatal)\(/g;

export interface LogEvent {
  readonly level: string;
  readonly message: string;
}

/** Every event that the server logs at `info` and above, as its sources have it. */
export function loggedEvents(): LogEvent[] {
  const glob = new Bun.Glob("src/**/*.ts");
  return [...glob.scanSync(root)]
    .filter((path) => !/^src\/(?:web|client|cli)\//.test(path))
    .sort()
    .flatMap((path) => eventsIn(readFileSync(join(root, path), "utf8"), path));
}

function eventsIn(text: string, path: string): LogEvent[] {
  return [...text.matchAll(call)].map(({ 0: opening, 1: level = "", index }) => {
    const given = upToClosing(text.slice(index + opening.length));
    const [, message] = /"((?:[^"\\]|\\.)*)",?\s*$/.exec(given) ?? [];
    if (message === undefined)
      throw new Error(`${path}: an event without a fixed message: ${given}`);
    return { level, message };
  });
}

/** What stands before the parenthesis that closes a call. */
function upToClosing(text: string): string {
  let depth = 1;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return text.slice(0, at);
  }
  return text;
}
