import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clockFindingsBy } from "../../../src/cli/doctor/network_time.ts";
import { clockErrorMs } from "../../../src/machine/kernel_clock.ts";
import { startProcess } from "../../support/process.ts";
import { until } from "../../support/wait.ts";
import { examine, type Installation, install, PATIENCE_MS } from "./checkup.ts";

let place: Installation;
beforeAll(() => {
  place = install();
});
afterAll(() => place[Symbol.dispose]());

const isLinuxRoot = process.platform === "linux" && process.getuid?.() === 0;
/** In namespaces of its own, where something of the system is another. */
const inside = (flags: readonly string[], script: string) => [
  ...["unshare", ...flags, "sh", "-c", `${script} && exec "$@"`, "sh"],
];
const can = (enter: readonly string[]) => isLinuxRoot && Bun.spawnSync([...enter, "true"]).success;

test.skipIf(process.platform !== "linux" || Bun.which("prlimit") === null)(
  "too few open files for the connections are to be mended",
  async () => {
    const enter = ["prlimit", "--nofile=250:280"];
    const found = await examine(place.data, {
      enter,
      args: ["--connections=100"],
      unchanged: place.folder,
    });
    expect(found.of("open files")).toMatchObject({
      level: "fail",
      text: "A server started from here may have 280 open files, and HUBBUB_CONNECTIONS=100 needs 300.",
    });
    expect(found.code).toBe(2);
    const fewer = await examine(place.data, { enter, args: ["--connections=80"] });
    expect(fewer.of("open files")?.level).toBe("ok");
  },
  PATIENCE_MS,
);

test.skipIf(process.platform !== "linux" || Bun.which("prlimit") === null)(
  "beside a running server it is the server's limit that counts",
  async () => {
    const server = await startProcess(place.outside, {}, ["prlimit", "--nofile=350:350"]);
    try {
      // The last of what a start makes, by its hasher.
      await until(() => existsSync(join(place.outside, "pepper.key")));
      const data = join(place.outside, "hubbub.db");
      const found = await examine(data, { args: ["--connections=200"] });
      expect(found.of("open files")).toMatchObject({
        level: "fail",
        text: "The server may have 350 open files, and HUBBUB_CONNECTIONS=200 needs 400.",
      });
    } finally {
      await server.end("SIGTERM");
    }
  },
  PATIENCE_MS,
);

const fewWait = inside(["--net"], "echo 128 > /proc/sys/net/core/somaxconn");
test.skipIf(!can(fewWait))(
  "a short queue of the kernel's is warned of",
  async () => {
    expect((await examine(place.data, { enter: fewWait })).of("backlog")).toMatchObject({
      level: "warn",
      text: "128 clients may wait to be accepted (net.core.somaxconn).",
    });
    expect((await examine(place.data)).of("backlog")?.level).toBe("ok");
  },
  PATIENCE_MS,
);

const fewPorts = inside(["--net"], "echo 50000 50999 > /proc/sys/net/ipv4/ip_local_port_range");
test.skipIf(!can(fewPorts))(
  "too few ports between a proxy and the server are warned of",
  async () => {
    const args = ["--trusted-proxies=127.0.0.1", "--rp-id=chat.example.org"];
    const many = [...args, "--connections=1001"];
    expect((await examine(place.data, { enter: fewPorts, args: many })).of("ports")).toMatchObject({
      level: "warn",
      text: "A proxy on this machine has 1,000 ports for connections to the server; HUBBUB_CONNECTIONS=1001.",
    });
    const found = await examine(place.data, {
      enter: fewPorts,
      args: [...args, "--connections=1000"],
    });
    expect(found.of("ports")?.level).toBe("ok");
    // Without a proxy each client has its own address.
    expect((await examine(place.data, { enter: fewPorts })).of("ports")).toBeUndefined();
  },
  PATIENCE_MS,
);

test.skipIf(!existsSync("/proc/sys/net/netfilter/nf_conntrack_max"))(
  "a firewall that tracks fewer connections than there may be is warned of",
  async () => {
    const found = await examine(place.data, { args: ["--connections=1000000"] });
    expect(found.of("firewall")).toMatchObject({
      level: "warn",
      text: expect.stringContaining("2,000,000 may be needed"),
    });
    expect((await examine(place.data)).of("firewall")?.level).toBe("ok");
  },
  PATIENCE_MS,
);

/** Another file in the place of one of the system's, for a command alone. */
const withFile = (path: string, text: string) => {
  const file = join(place.outside, "in-its-place");
  writeFileSync(file, text);
  return inside(["--mount"], `mount --bind '${file}' ${path}`);
};

test.skipIf(!can(inside(["--mount"], "mount --bind /proc/version /proc/meminfo")))(
  "swap that is used readily is warned of",
  async () => {
    const meminfo = "MemTotal: 1000000 kB\nSwapTotal: 2000000 kB\n";
    const enter = withFile("/proc/meminfo", meminfo);
    const swappiness = Number(await Bun.file("/proc/sys/vm/swappiness").text());
    expect((await examine(place.data, { enter })).of("swap")).toMatchObject({
      level: swappiness > 10 ? "warn" : "ok",
      text: `There are 2,048 MB of swap, and vm.swappiness is ${swappiness}.`,
    });
    const none = withFile("/proc/meminfo", meminfo.replace("2000000", "0"));
    expect((await examine(place.data, { enter: none })).of("swap")).toBeUndefined();
  },
  PATIENCE_MS,
);

test.skipIf(!can(inside(["--mount"], "mount --bind /proc/version /proc/sys/vm/swappiness")))(
  "swap that is hardly used is right",
  async () => {
    const file = join(place.outside, "hardly");
    writeFileSync(file, "1\n");
    const meminfo = join(place.outside, "meminfo");
    writeFileSync(meminfo, "SwapTotal: 2000000 kB\n");
    const enter = inside(
      ["--mount"],
      `mount --bind '${file}' /proc/sys/vm/swappiness && mount --bind '${meminfo}' /proc/meminfo`,
    );
    expect((await examine(place.data, { enter })).of("swap")?.level).toBe("ok");
  },
  PATIENCE_MS,
);

/** A group of the kernel's whose processes may have so much memory; undefined where none can be made. */
function memoryGroup(bytes: number) {
  const isFirst = existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const folder = join(
    "/sys/fs/cgroup",
    isFirst ? "memory" : "",
    `hubbub-test-${process.pid}-${bytes}`,
  );
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, isFirst ? "memory.limit_in_bytes" : "memory.max"), String(bytes));
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
  const enter = ["sh", "-c", `echo $$ > ${folder}/cgroup.procs && exec "$@"`, "sh"];
  return { enter, [Symbol.dispose]: () => rmdirSync(folder) };
}

function canLimitMemory(): boolean {
  if (!isLinuxRoot) return false;
  using group = memoryGroup(1_000_000_000);
  return group !== undefined && Bun.spawnSync([...group.enter, "true"]).success;
}

test.skipIf(!canLimitMemory())(
  "a limit of memory that the settings do not fit in is warned of",
  async () => {
    using group = memoryGroup(300 * 1024 * 1024);
    const enter = group?.enter ?? [];
    const many = await examine(place.data, {
      enter,
      args: ["--connections=20000"],
      unchanged: place.folder,
    });
    expect(many.of("memory")).toMatchObject({
      level: "warn",
      text: "The server's memory is limited to 315 MB; with 20,000 connections and all buffers full the server takes some 457 MB.",
    });
    const fewer = ["--connections=1000", "--ring-bytes=1048576"];
    expect((await examine(place.data, { enter, args: fewer })).of("memory")?.level).toBe("ok");
    // What one hash takes alone.
    const hashing = ["--hash-memory-kib=262144", "--hashes-at-once=8"];
    expect((await examine(place.data, { enter, args: hashing })).of("memory")).toMatchObject({
      level: "fail",
      advice: "It will be ended by the kernel: raise the limit.",
    });
  },
  PATIENCE_MS,
);

test("a clock that nothing sets is warned of, and where the system does not tell nothing is told", () => {
  expect(clockFindingsBy(undefined)).toEqual([]);
  expect(clockFindingsBy(12.3)).toMatchObject([
    { level: "ok", text: "Something keeps the clock right, within 13 ms." },
  ]);
  expect(clockFindingsBy(15_999)).toMatchObject([{ level: "ok" }]);
  expect(clockFindingsBy(16_000)).toMatchObject([
    { level: "warn", text: "Nothing sets the clock by others'." },
  ]);
});

/** The calls by their numbers; a C library may use either. */
const CLOCK_ADJTIME = { x64: 305, arm64: 266 }[process.arch as string];
const ADJTIMEX = { x64: 159, arm64: 171 }[process.arch as string];
const canAskPerl =
  process.platform === "linux" && ADJTIMEX !== undefined && Bun.which("perl") !== null;

test.skipIf(!canAskPerl)(
  "what the kernel says of its clock is what another program is told",
  async () => {
    const script = `my $t = "\\0" x 256; syscall(${ADJTIMEX}, $t); print unpack("x24 q", $t);`;
    const told = Number(await new Response(Bun.spawn(["perl", "-e", script]).stdout).text()) / 1000;
    const asked = clockErrorMs() ?? Number.NaN;
    // It grows by half a millisecond each second, and at its bound not at all.
    expect(Math.abs(asked - told)).toBeLessThan(1000);
    const found = await examine(place.data);
    expect(found.of("network time")?.level).toBe(told < 16_000 ? "ok" : "warn");
  },
  PATIENCE_MS,
);

/** A filter of the kernel's (seccomp(2)) by which nobody may ask for the clock, as in some containers. */
const FORBIDDEN = `
my $filter = pack("SCCL" x 5, 0x20, 0, 0, 0, 0x15, 1, 0, ${ADJTIMEX}, 0x15, 0, 1, ${CLOCK_ADJTIME},
  6, 0, 0, 0x00050001, 6, 0, 0, 0x7fff0000);
my $program = pack("S x6 P", 5, $filter);
syscall(${process.arch === "x64" ? 157 : 167}, 38, 1, 0, 0, 0) == 0 or die;
syscall(${process.arch === "x64" ? 157 : 167}, 22, 2, $program, 0, 0) == 0 or die;
exec @ARGV;`;
const withoutClock = ["perl", "-e", FORBIDDEN];

test.skipIf(!canAskPerl || !Bun.spawnSync([...withoutClock, "true"]).success)(
  "where asking for the clock is forbidden nothing is told of it, and the exit code of what is all right is 0",
  async () => {
    const backups = join(place.outside, "backups");
    mkdirSync(backups);
    const name = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    writeFileSync(join(backups, `hubbub-${name}.db`), "");
    const args = [`--backups=${backups} every 6h keep 14`];
    const found = await examine(place.data, { enter: withoutClock, args, unchanged: place.folder });
    expect(found.of("network time")).toBeUndefined();
    const wrong = found.findings.filter(({ level }) => level !== "ok").map(({ about }) => about);
    // Of the machine that this is tested on more may be said.
    const ofMachine = [
      "swap",
      "disk",
      "growth",
      "file system",
      "firewall",
      "backlog",
      "memory",
      "open files",
    ];
    expect(wrong.filter((about) => !ofMachine.includes(about))).toEqual([]);
    if (wrong.length > 0) return;
    expect(found.code).toBe(0);
    expect(found.report).toEndWith("\n\nAll is right.\n");
  },
  PATIENCE_MS,
);

// Without any /proc Bun itself does not start. This is what hardened containers and services have of it.
const withoutProc = inside(
  ["--mount"],
  "mount -t tmpfs none /sys && mount -t proc -o subset=pid none /proc",
);
test.skipIf(!can(withoutProc))(
  "where /proc and /sys tell nothing of the system there is less to say, in sentences",
  async () => {
    const found = await examine(place.data, { enter: withoutProc, unchanged: place.folder });
    expect(found.of("database")?.level).toBe("ok");
    expect(found.of("open files")?.level).toBe("ok");
    for (const about of ["backlog", "swap", "firewall"]) expect(found.of(about)).toBeUndefined();
    expect(found.findings.filter(({ level }) => level === "fail")).toEqual([]);
  },
  PATIENCE_MS,
);
