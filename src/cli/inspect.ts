import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { readCapture } from "./captured_frames.ts";
import { describeFrame, type FrameKind } from "./described_frame.ts";
import { harmlessJson } from "./harmless_text.ts";

export interface InspectOptions {
  /** What the frames are; guessed for each of them unless said. */
  readonly as?: FrameKind;
}

/** What `hubbub inspect` exits with: 0 when every frame was read, 1 otherwise. */
const Exit = { DONE: 0, FAILED: 1 } as const;

/**
 * `hubbub inspect`: prints captured binary frames as JSON, one document a frame, under the name of
 * what it is: `{"ServerFrame": {...}}`. A frame that cannot be read gets a sentence on standard
 * error with its line; the others are printed all the same.
 *
 * @param file see captured_frames.ts for what may be in it; standard input without it.
 * @returns the exit code, see Exit.
 */
export async function runInspect(
  file: string | undefined,
  options: InspectOptions = {},
): Promise<number> {
  let input: Uint8Array;
  try {
    input = file === undefined ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return Exit.FAILED;
  }
  const frames = readCapture(input);
  if (frames.length === 0) {
    complain("there is no frame in the input");
    return Exit.FAILED;
  }
  let exit: number = Exit.DONE;
  for (const { line, bytes } of frames) {
    const shown = bytes && describeFrame(bytes, options.as);
    if (shown !== undefined) {
      process.stdout.write(`${harmlessJson(shown, 2)}\n`);
      continue;
    }
    exit = Exit.FAILED;
    complain(`line ${line}: ${bytes ? notAFrame(options.as) : "this is neither hex nor base64"}`);
  }
  return exit;
}

function notAFrame(as: FrameKind | undefined): string {
  if (as === undefined) return "these bytes are no frame";
  return `these bytes are no ${as === "server" ? "ServerFrame" : "ClientFrame"}`;
}

function complain(text: string): void {
  process.stderr.write(`hubbub: ${text}\n`);
}
