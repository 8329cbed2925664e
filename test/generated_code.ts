/** Fails if the committed generated code is not what the contract generates: `bun run generate:check`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const committed = join(import.meta.dir, "../src/wire/gen");
const scratch = mkdtempSync(join(tmpdir(), "hubbub-generate-"));
try {
  const { exitCode } = Bun.spawnSync(["buf", "generate", "--output", scratch], {
    stdout: "inherit",
    stderr: "inherit",
  });
  if (exitCode !== 0) process.exit(exitCode);
  const fresh = join(scratch, "src/wire/gen");
  const names = new Set([...filesIn(committed), ...filesIn(fresh)]);
  const differing = [...names].filter((name) => read(committed, name) !== read(fresh, name));
  if (names.size === 0 || differing.length > 0) {
    process.stderr.write(
      `Generated code differs from proto/: ${differing.join(", ") || "there is none"}. Run: bun run generate\n`,
    );
    process.exitCode = 1;
  }
} finally {
  rmSync(scratch, { recursive: true });
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

function read(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return undefined;
  }
}
