import { join } from "node:path";
import type { PageData } from "./page_data.ts";

/** Nothing may be loaded, from anywhere: the page works offline, and nothing in it can call home. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

/** The flame graphs and tables as a page in one file: styles, scripts and data inside. */
export async function profilePage(data: PageData): Promise<string> {
  const style = await Bun.file(join(import.meta.dir, "page.css")).text();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Hubbub CPU profile</title>
<style>
${style}</style>
</head>
<body>
<noscript>This page draws with JavaScript; profile.json has its numbers.</noscript>
<main></main>
<script type="application/json" id="data">${escapedJson(data)}</script>
<script>${await script()}</script>
</body>
</html>
`;
}

/** JSON in which nothing can end the element it stands in. */
function escapedJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

async function script(): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "page_script.ts")],
    target: "browser",
    format: "iife",
    minify: true,
  });
  const code = await outputs.find(({ kind }) => kind === "entry-point")?.text();
  if (code === undefined) throw new Error("cli/profile: bundling the page's script gave nothing");
  return code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}
