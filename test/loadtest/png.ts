import { Resvg } from "@resvg/resvg-js";
import { renderPng } from "../../loadtest/report/render_png.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Size in pixels, from the header chunk (PNG specification, 11.2.1). Throws at what is no PNG. */
export function pngSize(png: Uint8Array): { width: number; height: number } {
  if (!SIGNATURE.every((byte, index) => png[index] === byte)) throw new Error("this is no PNG");
  const header = new DataView(png.buffer, png.byteOffset);
  return { width: header.getUint32(16), height: header.getUint32(20) };
}

/** How many colours the picture of an SVG document has: 1 if it is blank. */
export function distinctColours(svg: string): number {
  // resvg shows the pixels of what it drew, and draws a PNG as an image of an SVG document.
  const png = Buffer.from(renderPng(svg)).toString("base64");
  const { width, height } = pngSize(Buffer.from(png, "base64"));
  const again = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image width="${width}" height="${height}" href="data:image/png;base64,${png}"/></svg>`;
  const { pixels } = new Resvg(again).render();
  const colours = new Set<number>();
  for (let index = 0; index < pixels.length; index += 4) colours.add(pixels.readUInt32LE(index));
  return colours.size;
}
