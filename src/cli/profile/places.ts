import type { CallFrame } from "../../monitor/cpu_profile.ts";

/** What is no room of ours. */
export const BUN = "bun";
const ELSEWHERE = "elsewhere";

/** Where a function belongs and stands, for people. */
export interface Place {
  /** `send`, or `(anonymous)`. */
  readonly name: string;
  /**
   * A room of `src` (`store`); a file of its own there (`serve`); a package of `node_modules`
   * (`@bufbuild/protobuf`); `bun` for what Bun does itself; `elsewhere`.
   */
  readonly room: string;
  /** `src/store/log.ts`, `@bufbuild/protobuf/dist/esm/create.js`, `bun:sqlite`; empty for native code. */
  readonly file: string;
  /** From 1; 0 for native code. */
  readonly line: number;
}

export function placeOf({ functionName, url, lineNumber }: CallFrame): Place {
  const { room, file } = fileOf(url);
  const line = file === "" ? 0 : lineNumber + 1;
  return { name: functionName === "" ? "(anonymous)" : functionName, room, file, line };
}

/** `src/store/log.ts:42`; empty for native code. */
export function shownPlace({ file, line }: Place): string {
  return file === "" ? "" : `${file}:${line}`;
}

/**
 * A function's identity within one version of the code. Native functions have only their name, and
 * a function without one has only its place.
 */
export function identityOf(place: Place): string {
  return `${place.name} ${shownPlace(place)}`;
}

function fileOf(url: string): { room: string; file: string } {
  // `bun:sqlite`, `node:events`, `internal:...`, or nothing at all: part of Bun.
  if (!/^(?:file:\/\/|\/|(?:src|node_modules)\/)/.test(url)) return { room: BUN, file: url };
  // Of a compiled program they are relative to the folder that it was built in.
  const path = pathIn(url.replace(/^(?=src\/|node_modules\/)/, "/"));
  const packaged = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(path);
  if (packaged)
    return { room: packaged[1] as string, file: path.split("/node_modules/").at(-1) as string };
  // The last `src`: the whole may be installed in /usr/src.
  const ours = /.*\/(src\/(?:([^/]+)\/.*|([^/]+)\.\w+))$/.exec(path);
  if (ours) return { room: (ours[2] ?? ours[3]) as string, file: ours[1] as string };
  return { room: ELSEWHERE, file: path };
}

function pathIn(url: string): string {
  try {
    return decodeURI(url.replace(/^file:\/\//, ""));
  } catch {
    // A bare path, in which a % is a %.
    return url;
  }
}
