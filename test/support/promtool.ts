import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Prometheus' own tool that checks metrics and rules. Where there is none, it is taken out of
 * Debian's package, which is not installed: it would start a server. Undefined where that cannot
 * be had.
 */
export function findPromtool(): string | undefined {
  const installed = Bun.which("promtool");
  if (installed !== null) return installed;
  const folder = mkdtempSync(join(tmpdir(), "hubbub-promtool-"));
  const options = { cwd: folder, stdout: "ignore", stderr: "ignore" } as const;
  if (Bun.which("apt-get") === null || Bun.which("dpkg") === null) return undefined;
  Bun.spawnSync(["apt-get", "download", "prometheus"], options);
  const packed = readdirSync(folder).find((name) => name.endsWith(".deb"));
  if (packed === undefined) return undefined;
  Bun.spawnSync(["dpkg", "-x", packed, "."], options);
  const unpacked = join(folder, "usr/bin/promtool");
  return existsSync(unpacked) ? unpacked : undefined;
}

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
