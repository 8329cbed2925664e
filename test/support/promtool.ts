/** Runs it; returns what it says, for the reader of a failed test. */
export async function promtool(tool: string, args: readonly string[], input = "") {
  const child = Bun.spawn([tool, ...args], {
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, said: out + err };
}
