import { join, resolve } from "node:path";
import { makeFolder, removeFolder } from "../support/temp.ts";

const ROOT = join(import.meta.dir, "../..");

/**
 * The compiled program: the one that `TESTED_PROGRAM` names, or one that is built now, in a folder
 * of its own.
 */
export async function compiledProgram(): Promise<{ path: string } & Disposable> {
  const { TESTED_PROGRAM } = process.env;
  if (TESTED_PROGRAM !== undefined) {
    return { path: resolve(ROOT, TESTED_PROGRAM), [Symbol.dispose]: () => {} };
  }
  const folder = makeFolder();
  const path = join(folder, "hubbub");
  const build = Bun.spawn(
    [process.execPath, join(ROOT, "build/program.ts"), "--outfile", path, "--commit", "tested"],
    { stdout: "ignore", stderr: "pipe" },
  );
  const [code, words] = await Promise.all([build.exited, new Response(build.stderr).text()]);
  if (code !== 0) throw new Error(`the program could not be built: ${words}`);
  return { path, [Symbol.dispose]: () => removeFolder(folder) };
}

/** Lines of a log in JSON, as they come, until the stream ends. */
export async function* logLines(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() as string;
    for (const line of lines) yield JSON.parse(line) as Record<string, unknown>;
  }
}
