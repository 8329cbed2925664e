/** Fails if committed generated code is not what the contracts generate: `bun run generate:check`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const repository = join(import.meta.dir, "..");
/** By the folder that each template writes. */
const templates: Readonly<Record<string, string>> = {
  "src/wire/gen": "buf.gen.yaml",
  "loadtest/bench/gen": "loadtest/bench/buf.gen.yaml",
};

const scratch = mkdtempSync(join(tmpdir(), "hubbub-generate-"));
try {
  for (const [folder, template] of Object.entries(templates)) {
    const args = ["generate", "--template", template, "--output", scratch];
    const { exitCode } = Bun.spawnSync(["buf", ...args], {
      cwd: repository,
      stdout: "inherit",
      stderr: "inherit",
    });
    if (exitCode !== 0) process.exit(exitCode);
    compare(join(repository, folder), join(scratch, folder));
  }
} finally {
  rmSync(scratch, { recursive: true });
}

function compare(committed: string, fresh: string): void {
  const names = new Set([...filesIn(committed), ...filesIn(fresh)]);
  const differing = [...names].filter((name) => read(committed, name) !== read(fresh, name));
  if (names.size > 0 && differing.length === 0) return;
  process.stderr.write(
    `${committed} differs from its contract: ${differing.join(", ") || "there is none"}. Run: bun run generate\n`,
  );
  process.exitCode = 1;
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
