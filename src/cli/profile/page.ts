import style from "./page.css" with { type: "text" };
import { pageCode } from "./page_code.ts";
import type { PageData } from "./page_data.ts";

/** Nothing may be loaded, from anywhere: the page works offline, and nothing in it can call home. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'";

/** The flame graphs and tables as a page in one file: styles, scripts and data inside. */
export async function profilePage(data: PageData): Promise<string> {
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

/** As text in the page, which neither of these may end. */
async function script(): Promise<string> {
  const code = await pageCode();
  return code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}
