import { join } from "node:path";
import { escapeJson, Html, html } from "./html.ts";

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** What the script gets; anything that JSON can hold. */
  readonly data: unknown;
  /** The page's script, a file beside this one. */
  readonly script: string;
}

/**
 * Nothing may be loaded, from anywhere: whatever a hostile name in a result manages to get into the
 * page, it cannot call home.
 */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

/** A page in one file: styles, script, charting library and data inside. Works without a network. */
export async function renderPage({ title, body, data, script }: Page): Promise<string> {
  const style = await Bun.file(join(import.meta.dir, "page.css")).text();
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<main>${body}</main>
<script type="application/json" id="data">${new Html(escapeJson(data))}</script>
<script>${new Html(await bundled(script))}</script>
</body>
</html>
`.markup;
}

/** The script and all that it imports, minified, as it may stand in a `<script>` element. */
async function bundled(file: string): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, file)],
    target: "browser",
    format: "iife",
    minify: true,
  });
  const [output] = outputs;
  if (output === undefined) throw new Error(`report: bundling ${file} gave nothing`);
  return (await output.text()).replaceAll("</script", "<\\/script");
}
