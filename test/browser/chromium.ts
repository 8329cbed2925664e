import { existsSync } from "node:fs";
import { installPackage } from "../support/debian.ts";

/** Where Debian's package puts it. */
const DEBIANS = "/usr/bin/chromium";
const places = [DEBIANS, "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable"];

/**
 * Where this machine's Chromium is. Where there is none, root gets Debian's.
 *
 * @throws Error that says how to install it.
 */
export function findChromium(): string {
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  installPackage("chromium", DEBIANS);
  const installed = places.find((place) => existsSync(place));
  if (installed !== undefined) return installed;
  throw new Error("The browser tests need Chromium: sudo apt-get install chromium");
}
