import { chownSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { layRootFolder, USER_ID } from "../../build/root_folder.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";
import { until } from "../support/wait.ts";
import { logLines } from "./compiled.ts";

/**
 * Mounts what a container runtime does, and no more: the root for reading only, /proc, four devices,
 * the volume. There is no folder for temporary files. `$1` is the root, `$2` the volume.
 */
const MOUNTS = `
set -e
PATH=/usr/sbin:/usr/bin:/sbin:/bin
unshare=$(command -v unshare)
mount --bind "$1" "$1"
mount -t tmpfs -o mode=755 dev "$1/dev"
for device in null zero random urandom; do
  touch "$1/dev/$device"
  mount --bind "/dev/$device" "$1/dev/$device"
done
mount -t proc proc "$1/proc"
mount --bind "$2" "$1/data"
mount -o remount,bind,ro "$1"
root=$1
shift 2
exec setpriv --no-new-privs env PATH=/usr/local/bin "$unshare" --root="$root" --wd=/data \
  --setgid ${USER_ID} --setuid ${USER_ID} "$@"
`;

/** The environment that the image gives the program. */
const ENVIRONMENT = {
  PATH: "/usr/local/bin",
  HUBBUB_DATA: "/data/hubbub.db",
  HUBBUB_LOG_FORMAT: "json",
};

/** Of a program of this system; what is started here has another path to look on. */
const pathOf = (program: string) => Bun.which(program) ?? program;

/** Hubbub as it runs in a container of its image: the first process there, without any right. */
export class Contained {
  readonly log: Record<string, unknown>[] = [];
  readonly #folder: string;
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #words = "";

  private constructor(folder: string) {
    this.#folder = folder;
    const [root, data] = [join(folder, "root"), join(folder, "data")];
    // Of the outer process, which waits for the first one inside; signals go to that one.
    this.#child = Bun.spawn(
      [
        ...[pathOf("unshare"), "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child"],
        ...[pathOf("sh"), "-c", MOUNTS, "sh", root, data, "/usr/local/bin/hubbub", "serve"],
      ],
      { env: { ...ENVIRONMENT, HUBBUB_PORT: "0" }, stdout: "pipe", stderr: "pipe" },
    );
  }

  /** Starts it with an empty volume. Rejects with its last words where it does not listen. */
  static async start(program: string): Promise<Contained> {
    const folder = makeFolder();
    layRootFolder(program, join(folder, "root"));
    const data = join(folder, "data");
    mkdirSync(data, { mode: 0o700 });
    chownSync(data, USER_ID, USER_ID);
    const contained = new Contained(folder);
    await contained.#listening();
    return contained;
  }

  get url(): string {
    return this.log.find(({ msg }) => msg === "listening")?.url as string;
  }

  /** The process id of the server, as it is known out here. */
  get pid(): number {
    const children = `/proc/${this.#child.pid}/task/${this.#child.pid}/children`;
    return Number(readFileSync(children, "utf8").trim());
  }

  /** Runs another command beside it, as `docker exec` does. */
  async run(args: readonly string[], environment: Record<string, string> = {}) {
    const child = Bun.spawn(
      [
        ...[
          pathOf("nsenter"),
          "--target",
          `${this.pid}`,
          "--mount",
          "--pid",
          "--root",
          // Where the server itself is.
          "--wd",
        ],
        ...["--setuid", `${USER_ID}`, "--setgid", `${USER_ID}`, "/usr/local/bin/hubbub", ...args],
      ],
      { env: { ...ENVIRONMENT, ...environment }, stdout: "pipe", stderr: "pipe" },
    );
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { out, err, code };
  }

  /** Stops it as Docker does, and says how it ended. */
  async stop(): Promise<number> {
    process.kill(this.pid, "SIGTERM");
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    removeFolder(this.#folder);
  }

  async #listening(): Promise<void> {
    void (async () => {
      for await (const line of logLines(this.#child.stdout)) this.log.push(line);
    })();
    void new Response(this.#child.stderr).text().then((words) => {
      this.#words = words;
    });
    await until(() => this.url !== undefined || this.#child.exitCode !== null);
    if (this.url === undefined) throw new Error(`the server ended: ${this.#words}`);
  }
}

/** Why there can be no such thing here; undefined where there can. */
export function impossibility(): string | undefined {
  if (process.platform !== "linux") return "only Linux has namespaces";
  if (process.getuid?.() !== 0) return "only root may mount what a container has";
  const tools = ["unshare", "nsenter", "setpriv", "mount", "ldd"];
  const missing = tools.filter((tool) => Bun.which(tool) === null);
  if (missing.length > 0) return `there is no ${missing.join(", ")}`;
  const isAllowed = Bun.spawnSync(["unshare", "--mount", "--pid", "--fork", "true"]).success;
  return isAllowed ? undefined : "this root may make no namespaces";
}
