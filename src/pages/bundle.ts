import { dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Coding, ServedFile } from "./pack.ts";

const webFolder = join(import.meta.dir, "../web");
/** The pages there are; each is a folder with an `index.html`. */
const pages = ["chat", "monitor"] as const;
export type PageName = (typeof pages)[number];

/** A packet holds some 1,400 bytes: below that, compressing saves none. */
const WORTH_COMPRESSING_BYTES = 1024;

/**
 * Bundles the pages and all they need, and compresses it. Everything but the pages themselves has
 * a hash of its content in its name. Addresses are absolute, for a page is shown at any depth.
 *
 * @throws AggregateError where the sources do not compile.
 */
export async function bundlePages(): Promise<ServedFile[]> {
  const { outputs } = await Bun.build({
    entrypoints: pages.map((page) => join(webFolder, page, "index.html")),
    root: webFolder,
    target: "browser",
    minify: true,
    splitting: true,
    publicPath: "/",
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    naming: {
      entry: "[dir]/[name].[ext]",
      chunk: "assets/[name]-[hash].[ext]",
      asset: "assets/[name]-[hash].[ext]",
    },
  });
  const files = await Promise.all(
    outputs.map(async (output) => {
      const content = new Uint8Array(await output.arrayBuffer());
      const isPage = output.path.endsWith(".html");
      return {
        path: isPage ? dirname(output.path).replace("./", "") : output.path.replace("./", "/"),
        type: output.type.replace(";charset", "; charset"),
        hash: new Bun.CryptoHasher("sha256").update(content).digest("base64url").slice(0, 16),
        bodies: compressed(content),
      };
    }),
  );
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function compressed(content: Uint8Array<ArrayBuffer>): ServedFile["bodies"] {
  const bodies: Partial<Record<Coding, Uint8Array<ArrayBuffer>>> = { identity: content };
  if (content.length < WORTH_COMPRESSING_BYTES) return bodies;
  const size = { [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  const br = new Uint8Array(brotliCompressSync(content, { params: size }));
  const gzip = new Uint8Array(gzipSync(content, { level: 9 }));
  if (br.length < content.length) bodies.br = br;
  if (gzip.length < content.length) bodies.gzip = gzip;
  return bodies;
}
