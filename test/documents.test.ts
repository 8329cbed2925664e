import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type SettingName, settings, variableOf } from "../src/config.ts";
import { version } from "../src/serve.ts";

const root = join(import.meta.dir, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

const documents = [
  "README.md",
  "CHANGELOG.md",
  ...[
    "ARCHITECTURE",
    "DEVELOPING",
    "LOADTEST",
    "OPERATIONS",
    "PERFORMANCE",
    "PROTOCOL",
    "SECURITY",
  ].map((name) => `docs/${name}.md`),
];

describe("README", () => {
  test("has the table of settings as config.ts has them", () => {
    const names = Object.keys(settings) as SettingName[];
    const rows = names.map((name) => {
      const { default: fallback, summary } = settings[name];
      const shown = fallback === "" ? "" : `\`${fallback}\``;
      return `| \`${variableOf(name)}\` | ${shown} | ${summary} |`;
    });
    const table = ["| variable | default | what |", "|---|---|---|", ...rows].join("\n");
    expect(read("README.md")).toContain(table);
  });
});

describe("the documents", () => {
  test.each(documents)("%s links only to files that exist", (path) => {
    const links = [...read(path).matchAll(/\]\(([^)#]+?)(?:#[^)]*)?\)/g)].map(([, link]) => link);
    const files = links.filter((link) => !link?.includes("://")) as string[];
    const missing = files.filter((file) => !existsSync(join(root, dirname(path), file)));
    expect(missing).toEqual([]);
  });

  test("every dependency has its reason in DEVELOPING.md", () => {
    const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Record<
      "dependencies" | "devDependencies",
      Record<string, string>
    >;
    const text = read("docs/DEVELOPING.md");
    const unexplained = Object.keys({ ...dependencies, ...devDependencies }).filter(
      (name) => !text.includes(`\`${name}\``),
    );
    expect(unexplained).toEqual([]);
  });

  test("the changelog tells of this version", () => {
    expect(read("CHANGELOG.md")).toContain(`## ${version}`);
  });
});
