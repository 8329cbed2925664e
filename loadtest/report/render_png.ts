import { fileURLToPath } from "node:url";
import { Resvg } from "@resvg/resvg-js";

/**
 * The one font of the pictures. It comes from a package, because a server often has none; as TrueType,
 * because resvg reads no WOFF.
 */
export const FONT_FAMILY = "Inter";

const fontFiles = ["400Regular/Inter_400Regular.ttf", "700Bold/Inter_700Bold.ttf"].map((file) =>
  fileURLToPath(import.meta.resolve(`@expo-google-fonts/inter/${file}`)),
);

/** Pixels of the picture for each px of the drawing, so that it is sharp on a dense screen. */
export const PIXELS_PER_PX = 2;

/** Draws an SVG document on white. Throws what resvg throws at one that it cannot read. */
export function renderPng(svg: string): Uint8Array {
  return new Resvg(svg, {
    background: "#ffffff",
    fitTo: { mode: "zoom", value: PIXELS_PER_PX },
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: FONT_FAMILY },
  })
    .render()
    .asPng();
}
