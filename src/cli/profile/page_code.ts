import { join } from "node:path";

/** The name under which a compiled program, which cannot bundle, has the code as an embedded file. */
export const EMBEDDED_PAGE_CODE = "profile_page.js";

/** The code that draws the page, as one script without imports. */
export async function pageCode(): Promise<string> {
  if (!Bun.isStandaloneExecutable) return bundlePageCode();
  return Bun.file(join(import.meta.dir, EMBEDDED_PAGE_CODE)).text();
}

/** @throws AggregateError where the sources do not compile. */
export async function bundlePageCode(): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "page_script.ts")],
    target: "browser",
    format: "iife",
    minify: true,
  });
  const code = await outputs.find(({ kind }) => kind === "entry-point")?.text();
  if (code === undefined) throw new Error("cli/profile: bundling the page's script gave nothing");
  return code;
}
