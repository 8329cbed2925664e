import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/**
 * Who may import whom: docs/ARCHITECTURE.md gives the reasons. Type imports count like any other.
 *
 * - `rooms`: the other rooms it may import.
 * - `bun`: whether it may use Bun's modules and the global `Bun`. The client also runs in browsers
 *   and in Node, and so must what it imports; the domain stays free of the runtime.
 */
const rules: Readonly<Record<string, { rooms: readonly string[]; bun: boolean }>> = {
  wire: { rooms: [], bun: false },
  monitor: { rooms: [], bun: true },
  machine: { rooms: [], bun: true },
  store: { rooms: ["wire", "monitor", "machine"], bun: true },
  channels: { rooms: ["wire", "store", "monitor"], bun: false },
  session: { rooms: ["channels", "store", "wire", "monitor"], bun: true },
  auth: { rooms: ["store", "wire", "monitor", "machine"], bun: true },
  client: { rooms: ["wire"], bun: false },
  cli: { rooms: ["auth", "client", "wire", "store", "monitor", "machine"], bun: true },
  pages: { rooms: ["monitor"], bun: true },
  web: { rooms: ["client", "wire"], bun: false },
  loadtest: { rooms: ["client", "wire"], bun: true },
  bench: {
    rooms: ["loadtest", "session", "channels", "auth", "store", "client", "wire", "monitor"],
    bun: true,
  },
};

/** The files that know everybody. No room may import them. */
const roots = ["src/serve.ts", "src/message_path.ts", "src/main.ts", "src/compiled.ts"];
/** Imports no room; of it, a room may import `type Config` and nothing else. */
const configFile = "src/config.ts";
/** What the settings are made of. Imports nothing of ours, and only `configFile` imports it. */
const kindsFile = "src/setting_kinds.ts";
const generated = ["src/wire/gen/", "loadtest/bench/gen/"];
const MAX_LINES = 300;
/** Where `console` is the right way to talk to people. */
const mayUseConsole = ["src/cli/", "src/main.ts"];

interface SourceFile {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
}

interface Import {
  readonly line: number;
  /** The statement up to the module's name; empty for `import()` and `new URL()`. */
  readonly clause: string;
  readonly module: string;
}

const repository = join(import.meta.dir, "..");

function sourceFiles(): SourceFile[] {
  const glob = new Bun.Glob("{src,loadtest}/**/*.{ts,tsx,js,jsx,mts,cts,mjs}");
  return [...glob.scanSync(repository)]
    .sort()
    .map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") }));
}

/** The text with comments, and if asked strings, replaced by blanks; lines stay where they are. */
function codeOf(text: string, withoutStrings = false): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|`(?:\\[\s\S]|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
  return text.replace(token, (found) =>
    found.startsWith("/") || withoutStrings ? found.replace(/[^\n]/g, " ") : found,
  );
}

function importsOf(text: string): Import[] {
  const code = codeOf(text);
  const forms = [
    // import a, { type b } from "c"; export * from "c"; import "c"
    /\b((?:import|export)\b[^;"'`()]*?)["']([^"'\n]+)["']/g,
    // import("c"), also as a type; require("c"); new URL("c", import.meta.url), as for workers
    /\b(?:import|require)\s*\(()\s*["'`]([^"'`\n]+)["'`]/g,
    /\bnew\s+URL\s*\(()\s*["'`]([^"'`\n]+)["'`]\s*,\s*import\.meta/g,
  ];
  return forms
    .flatMap((form) => [...code.matchAll(form)])
    .filter(([, clause = ""]) => clause === "" || /^import\s*$|\bfrom\s*$/.test(clause))
    .map(({ index, 1: clause = "", 2: module = "" }) => ({
      line: lineAt(code, index),
      clause: clause.trim(),
      module,
    }));
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

function roomOf(path: string): string | undefined {
  if (path.startsWith("loadtest/bench/")) return "bench";
  if (path.startsWith("loadtest/")) return "loadtest";
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

/** Everything a file does against the rules, as `file:line: sentence`. */
function violations({ path, text }: SourceFile): string[] {
  return [
    ...importViolations({ path, text }),
    ...bunViolations({ path, text }),
    ...plainViolations({ path, text }),
  ];
}

function importViolations({ path, text }: SourceFile): string[] {
  if (roots.includes(path)) return [];
  const room = roomOf(path);
  const isOutside = room === undefined && path !== configFile && path !== kindsFile;
  if (isOutside) return [`${path}:1: stands outside every room`];
  const allowed: readonly string[] | undefined = room === undefined ? [] : rules[room]?.rooms;
  if (allowed === undefined) return [`${path}:1: the room ${room} has no rule`];

  const found: string[] = [];
  for (const { line, clause, module } of importsOf(text)) {
    const complain = (sentence: string) => found.push(`${path}:${line}: ${sentence}`);
    if (!module.startsWith(".")) continue;
    const target = normalize(join(dirname(path), module));
    const targetRoom = roomOf(target);
    if (path === configFile && target === kindsFile) continue;
    if (target === "package.json" || (targetRoom !== undefined && targetRoom === room)) continue;
    if (target === configFile) {
      if (!/^import type \{ Config \} from$/.test(clause)) {
        complain("imports more than `type Config` from src/config.ts");
      }
    } else if (targetRoom === undefined) {
      complain(`imports ${target}, which no room may`);
    } else if (!allowed.includes(targetRoom)) {
      complain(`${room ?? "src/config.ts"} imports ${targetRoom} (${module})`);
    }
  }
  const computed = /\bimport\s*\(\s*(?!["'`\s])/.exec(codeOf(text));
  if (computed) found.push(`${path}:${lineAt(text, computed.index)}: imports a computed module`);
  return found;
}

function bunViolations({ path, text }: SourceFile): string[] {
  const room = roomOf(path);
  if (room === undefined || rules[room]?.bun !== false) return [];
  const modules = importsOf(text)
    .filter(({ module }) => module === "bun" || module.startsWith("bun:"))
    .map(({ line, module }) => `${path}:${line}: ${room} imports ${module}`);
  return [...modules, ...occurrences({ path, text }, /\bBun\b/g, `${room} uses the global Bun`)];
}

function plainViolations({ path, text }: SourceFile): string[] {
  const found: string[] = [];
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  if (lines > MAX_LINES && !generated.some((place) => path.startsWith(place))) {
    found.push(`${path}:${MAX_LINES + 1}: has ${lines} lines; at ${MAX_LINES} it is two rooms`);
  }
  if (isBarrel(text)) found.push(`${path}:1: only re-exports; import from where things are`);
  if (path.startsWith("src/") && !mayUseConsole.some((place) => path.startsWith(place))) {
    found.push(...occurrences({ path, text }, /\bconsole\s*(?:\?\.|[.[])/g, "uses console"));
  }
  // Only a comment can hold it, so the whole text is searched.
  for (const { 0: directive, index } of text.matchAll(/@ts-(?:ignore|nocheck)\b/g)) {
    found.push(`${path}:${lineAt(text, index)}: ${directive}`);
  }
  return found;
}

function occurrences({ path, text }: SourceFile, pattern: RegExp, sentence: string): string[] {
  const code = codeOf(text, true);
  return [...code.matchAll(pattern)].map(
    ({ index }) => `${path}:${lineAt(code, index)}: ${sentence}`,
  );
}

function isBarrel(text: string): boolean {
  const code = codeOf(text);
  const reExport =
    /\bexport\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s*["'][^"']+["'];?/g;
  const passedOn = /\bexport\s+(?:type\s+)?\{[^}]*\};?/g;
  const imported = /\bimport\b[^;"']*["'][^"']+["'];?/g;
  const rest = code.replace(reExport, "").replace(imported, "").replace(passedOn, "");
  return rest.trim() === "" && /\bexport\b/.test(code);
}

test("the house rules are kept", () => {
  expect(sourceFiles().flatMap(violations)).toEqual([]);
});

test("every room has a rule", () => {
  const rooms = new Set(sourceFiles().flatMap(({ path }) => roomOf(path) ?? []));
  for (const room of rooms) expect(Object.keys(rules)).toContain(room);
});

test("the rules let no two rooms import each other", () => {
  const reach = (room: string): string[] =>
    (rules[room]?.rooms ?? []).flatMap((next) => [next, ...reach(next)]);
  for (const room of Object.keys(rules)) expect(reach(room)).not.toContain(room);
});

describe("the scanner", () => {
  const found = (path: string, text: string) => violations({ path, text });

  test.each([
    ['import { a } from "../session/a.ts";', 1],
    ['import type { A } from "../session/a.ts";', 1],
    ['import { type A, b } from "../session/a.ts";', 1],
    ['import {\n  a,\n  b,\n} from "../session/a.ts";', 1],
    ['\n\nimport a from "../session/a.ts";', 3],
    ['import * as a from "../session/a.ts";', 1],
    ['import "../session/a.ts";', 1],
    ['const b = 1;\nexport { a } from "../session/a.ts";', 2],
    ['const b = 1;\nexport * from "../session/a.ts";', 2],
    ['\nconst a = await import("../session/a.ts");', 2],
    ['type A = import("../session/a.ts").A;', 1],
    ['const a = require("../session/a.ts");', 1],
    ['new Worker(new URL("../session/a.ts", import.meta.url));', 1],
    ["import { a } from '../session/a.ts';", 1],
    ['import { a } from "./../session/deep/a.ts";', 1],
  ])("sees that the store imports a session: %j", (text, line) => {
    const [violation, ...others] = found("src/store/fixture.ts", text);
    expect(violation).toMatch(new RegExp(`^src/store/fixture\\.ts:${line}: store imports session`));
    expect(others).toEqual([]);
  });

  test.each([
    ["src/store/fixture.ts", '// import { a } from "../session/a.ts";'],
    ["src/store/fixture.ts", '/* import { a } from "../session/a.ts"; */'],
    ["src/store/fixture.ts", 'import { a } from "../wire/a.ts";\nimport { b } from "./b.ts";'],
    ["src/store/fixture.ts", 'import type { Config } from "../config.ts";'],
    ["src/store/fixture.ts", 'import { Database } from "bun:sqlite";\nBun.gc();'],
    ["src/store/deep/fixture.ts", 'import { a } from "../../wire/a.ts";'],
    ["src/auth/fixture.ts", 'import file from "../../package.json" with { type: "json" };'],
    ["src/channels/fixture.ts", '/** As in Bun. */ const a = "Bun.serve";'],
    ["src/serve.ts", 'import { a } from "./session/a.ts";\nimport { b } from "./config.ts";'],
    ["src/cli/fixture.ts", "console.log(1);"],
    ["src/wire/fixture.ts", '// See console.log.\nexport { a } from "./a.ts";\nconst b = 1;'],
    ["loadtest/fixture.ts", 'import { a } from "../src/client/a.ts";\nconsole.log(a);'],
    ["loadtest/bench/fixture.ts", 'import { a } from "../../src/store/a.ts";'],
    ["loadtest/bench/gen/fixture.ts", "const a = 1;\n".repeat(301)],
  ])("lets pass what is right, in %s: %j", (path, text) => {
    expect(found(path, text)).toEqual([]);
  });

  test.each([
    ["src/wire/fixture.ts", 'import { a } from "../monitor/a.ts";', "wire imports monitor"],
    ["src/client/fixture.ts", 'import { a } from "../store/a.ts";', "client imports store"],
    ["loadtest/fixture.ts", 'import { a } from "../src/store/a.ts";', "loadtest imports store"],
    ["loadtest/fixture.ts", 'import { a } from "./bench/a.ts";', "loadtest imports bench"],
    ["loadtest/bench/fixture.ts", 'import { a } from "../../src/cli/a.ts";', "bench imports cli"],
    ["src/cli/fixture.ts", 'import { a } from "../serve.ts";', "imports src/serve.ts"],
    ["src/auth/fixture.ts", 'import { a } from "../../test/a.ts";', "imports test/a.ts"],
    ["src/auth/fixture.ts", 'import { settings } from "../config.ts";', "more than `type Config`"],
    ["src/config.ts", 'import { a } from "./wire/a.ts";', "src/config.ts imports wire"],
    ["src/auth/fixture.ts", 'import { a } from "../setting_kinds.ts";', "which no room may"],
    ["src/fixture.ts", "const a = 1;", "outside every room"],
    ["src/cellar/fixture.ts", "const a = 1;", "no rule"],
    ["src/auth/fixture.ts", "const a = import(name);", "computed module"],
    ["src/channels/fixture.ts", 'import { a } from "bun";', "channels imports bun"],
    ["src/channels/fixture.ts", 'import type { a } from "bun:sqlite";', "imports bun:sqlite"],
    ["src/channels/fixture.ts", "const a = Bun.nanoseconds();", "global Bun"],
    ["src/wire/fixture.ts", 'export * from "./a.ts";', "only re-exports"],
    ["src/wire/fixture.ts", 'export { a, type B } from "./a.ts";', "only re-exports"],
    ["src/wire/fixture.ts", 'import { a } from "./a.ts";\nexport { a };', "only re-exports"],
    ["src/wire/fixture.ts", "const a = 1;\n".repeat(301), "has 301 lines"],
    ["src/wire/fixture.ts", "\nconsole.log(1);", "fixture.ts:2: uses console"],
    ["src/wire/fixture.ts", "\n\n// @ts-ignore\nconst a = 1;", "fixture.ts:3: @ts-ignore"],
  ])("sees what is wrong in %s: %j", (path, text, sentence) => {
    const [violation, ...others] = found(path, text);
    expect(violation).toContain(sentence);
    expect(others).toEqual([]);
  });

  test("reads the imports of every file that Bun's own parser reads", () => {
    for (const { path, text } of sourceFiles()) {
      const transpiler = new Bun.Transpiler({ loader: path.endsWith("x") ? "tsx" : "ts" });
      const known = importsOf(text).map(({ module }) => module);
      const withoutHashbang = text.replace(/^#!.*/, "");
      for (const { path: module } of transpiler.scanImports(withoutHashbang)) {
        // Where there is JSX it adds what it takes for its runtime.
        if (path.endsWith("x") && /^react(\/|$)/.test(module)) continue;
        expect([path, known.includes(module), module]).toEqual([path, true, module]);
      }
    }
  });

  test("scans this repository", () => {
    const paths = sourceFiles().map(({ path }) => path);
    expect(paths).toContain("src/config.ts");
    expect(paths).toContain("src/wire/gen/hubbub/v1/events_pb.ts");
  });
});
