import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Held by whoever uses apt: test files run beside one another, and apt serves one at a time. */
const LOCK = join(tmpdir(), "hubbub-test-apt.lock");
/** Kept from one run to the next, for it is fetched over the network. */
const CACHE = join(tmpdir(), "hubbub-test-packages");
/** Where there is no network, apt would try for long. */
const PATIENCE_MS = { download: 120_000, installation: 600_000 };

/**
 * A program of this system's, or of Debian's package, which is unpacked into a folder and not installed,
 * for that would start servers.
 *
 * @param name the program, in `usr/bin` of the package.
 * @returns its path; undefined where it is not to be had.
 */
export function findProgram(name: string, packageName: string): string | undefined {
  const installed = Bun.which(name);
  if (installed !== null) return installed;
  const folder = join(CACHE, packageName);
  const unpacked = join(folder, "usr/bin", name);
  mkdirSync(folder, { recursive: true });
  underLock(
    unpacked,
    `apt-get download ${packageName} || { apt-get update && apt-get download ${packageName}; }
     dpkg-deb --extract ${packageName}_*.deb .`,
    folder,
    PATIENCE_MS.download,
  );
  return existsSync(unpacked) ? unpacked : undefined;
}

/** Installs a package where this runs as root on Debian; does nothing elsewhere, or where `there` is a file. */
export function installPackage(packageName: string, there: string): void {
  if (process.getuid?.() !== 0) return;
  underLock(
    there,
    `apt-get update
     apt-get -o DPkg::Lock::Timeout=60 install -y --no-install-recommends ${packageName}`,
    tmpdir(),
    PATIENCE_MS.installation,
  );
}

function underLock(there: string, script: string, cwd: string, timeout: number): void {
  if (existsSync(there) || Bun.which("apt-get") === null || Bun.which("flock") === null) return;
  // Whoever had the lock before may have done it.
  Bun.spawnSync(["flock", LOCK, "sh", "-c", `test -e ${there} || { ${script}\n}`], {
    cwd,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdout: "ignore",
    stderr: "ignore",
    timeout,
  });
}
