import { existsSync } from "node:fs";

/** Where Debian's package puts it, and others do. */
const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable"];

/**
 * Where this machine's Chromium is. Where there is none, root gets Debian's.
 *
 * @throws Error that says how to install it.
 */
export function findChromium(): string {
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) installChromium();
  const installed = places.find((place) => existsSync(place));
  if (installed !== undefined) return installed;
  throw new Error("The browser tests need Chromium: sudo apt-get install chromium");
}

function installChromium(): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const command of [
    ["apt-get", "update"],
    ["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
  ]) {
    Bun.spawnSync(command, { env, stdout: "ignore", stderr: "inherit" });
  }
}
