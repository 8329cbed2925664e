import { describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validate } from "dockerfile-utils";
import ipaddr from "ipaddr.js";
import { layRootFolder, USER_ID } from "../../build/root_folder.ts";
import packageJson from "../../package.json" with { type: "json" };
import { readConfig, type SettingName, settings, variableOf } from "../../src/config.ts";
import { makeFolder, removeFolder } from "../support/temp.ts";

const ROOT = join(import.meta.dir, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

const DOMAIN = /^DOMAIN=(\S+)$/m.exec(read(".env.example"))?.[1] as string;
const isSetting = (name: string) =>
  (Object.keys(settings) as SettingName[]).some((setting) => variableOf(setting) === name);
const defaultStopSeconds = Number(settings.stopSeconds.default);

describe("compose.yaml", () => {
  interface Service {
    readonly [name: string]: unknown;
    readonly environment: Record<string, string>;
    readonly networks: Record<string, { ipv4_address: string }>;
  }
  interface Compose {
    readonly services: { readonly hubbub: Service; readonly caddy: Service };
    readonly networks: {
      readonly inside: {
        readonly internal: boolean;
        readonly ipam: { readonly config: readonly { subnet: string; ip_range: string }[] };
      };
    };
  }
  const text = read("compose.yaml").replace(/\$\{DOMAIN(?::\?[^}]*)?\}/g, DOMAIN);
  const { services, networks } = Bun.YAML.parse(text) as Compose;
  const { hubbub, caddy } = services;

  test("gives Hubbub settings that it takes, for pages and passkeys of the domain", () => {
    expect(readConfig({}, hubbub.environment)).toMatchObject({
      origins: [`https://${DOMAIN}`],
      rpId: DOMAIN,
    });
  });

  test("has Hubbub trust Caddy's address, which nobody else can get, and reached by nobody else", () => {
    const address = caddy.networks.inside?.ipv4_address as string;
    const { trustedProxies } = readConfig({}, hubbub.environment);
    expect(trustedProxies).toEqual([address]);
    const [{ subnet, ip_range } = { subnet: "", ip_range: "" }] = networks.inside.ipam.config;
    expect(ipaddr.parse(address).match(ipaddr.parseCIDR(subnet))).toBe(true);
    expect(ipaddr.parse(address).match(ipaddr.parseCIDR(ip_range))).toBe(false);
    expect(networks.inside.internal).toBe(true);
    expect(hubbub.networks).toEqual(["inside"] as never);
    expect(hubbub.ports).toBeUndefined();
  });

  test("gives neither of them more than it needs", () => {
    for (const service of [hubbub, caddy]) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        restart: "unless-stopped",
      });
    }
    expect(hubbub.cap_add).toBeUndefined();
    expect(hubbub.tmpfs).toBeUndefined();
  });

  test("lets Hubbub have as many files as it lets connections in, and the time that it takes to stop", () => {
    const { nofile } = hubbub.ulimits as { nofile: { soft: number } };
    expect(nofile.soft).toBeGreaterThan(Number(settings.connections.default) + 1000);
    expect(Number.parseInt(hubbub.stop_grace_period as string, 10)).toBeGreaterThan(
      defaultStopSeconds,
    );
  });
});

describe("the additions to compose.yaml that the documents show", () => {
  interface Addition {
    readonly services?: { readonly hubbub?: { readonly environment?: Record<string, string> } };
  }
  const additions = ["README.md", "docs/OPERATIONS.md"].flatMap((path) =>
    [...read(path).matchAll(/^( *)```yaml\n(.*?)^ *```$/gms)].map(([, indent = "", block = ""]) => {
      const lines = block.split("\n").map((line) => line.slice(indent.length));
      return Bun.YAML.parse(lines.join("\n")) as Addition;
    }),
  );

  test("give Hubbub settings that it takes", () => {
    const environments = additions.map((addition) => addition.services?.hubbub?.environment ?? {});
    expect(environments.filter((one) => Object.keys(one).length > 0).length).toBeGreaterThan(2);
    for (const environment of environments) {
      expect(Object.keys(environment).filter((name) => !isSetting(name))).toEqual([]);
      expect(() => readConfig({}, environment)).not.toThrow();
    }
  });
});

describe("the Dockerfile", () => {
  const text = read("Dockerfile");

  test("is found right by a linter, which finds faults in a wrong one", () => {
    expect(validate(text).map(({ message }) => message)).toEqual([]);
    expect(validate(text.replace("HEALTHCHECK --interval", "HEALTHCHECK --often"))).toHaveLength(1);
  });

  test("builds with the very Bun that the tests run on", () => {
    expect(text).toContain(`ARG BUN_IMAGE=docker.io/oven/bun:${Bun.version}-slim\n`);
    expect(packageJson.devDependencies["@types/bun"]).toBe(Bun.version);
  });

  test("runs as the user to whom the data folder belongs, by number", () => {
    expect(text).toContain(`\nUSER ${USER_ID}:${USER_ID}\n`);
  });

  test("gives the program settings that it takes", () => {
    const block = /^ENV ((?:.*\\\n)*.*)$/m.exec(text)?.[1] ?? "";
    const pairs = block.split(/\\?\s+/).filter((pair) => pair.startsWith("HUBBUB_"));
    expect(pairs.length).toBeGreaterThan(2);
    const environment = Object.fromEntries(pairs.map((pair) => pair.split("=")));
    expect(readConfig({}, environment)).toMatchObject({ data: "/data/hubbub.db" });
  });

  test("needs no shell to start, nor to see whether it is well", () => {
    const [, last = ""] = text.split(/^FROM scratch$/m);
    expect(last).not.toMatch(/^RUN /m);
    for (const line of last.match(/^(?:\s+CMD|CMD|ENTRYPOINT) .*$/gm) ?? []) {
      expect(line).toMatch(/(?:CMD|ENTRYPOINT) \["/);
    }
  });
});

test.skipIf(process.platform !== "linux")(
  "the image holds a program, its libraries, and no more",
  () => {
    const folder = makeFolder();
    try {
      const root = join(folder, "root");
      // Any program of this system will do to see where libraries go.
      layRootFolder(process.execPath, root);
      const files = [...new Bun.Glob("**").scanSync({ cwd: root, onlyFiles: true })].sort();
      const libraries = files.filter((file) => /^lib(?:64)?\/.*\.so(?:\.\d+)*$/.test(file));
      expect(libraries.some((file) => file.includes("libc.so"))).toBe(true);
      expect(files.filter((file) => !libraries.includes(file))).toEqual([
        ...["etc/group", "etc/nsswitch.conf", "etc/passwd", "usr/local/bin/hubbub"],
      ]);
    } finally {
      removeFolder(folder);
    }
  },
);

describe("the systemd unit", () => {
  const unit = read("deploy/hubbub.service");
  const settingOf = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";

  test("gives the program settings that it takes, and its data to the folder it may write to", () => {
    const environment = Object.fromEntries(
      settingOf("Environment")
        .split(" ")
        .map((pair) => pair.split("=")),
    );
    const { data } = readConfig({}, environment);
    expect(data).toBe(`/var/lib/${settingOf("StateDirectory")}/hubbub.db`);
  });

  test("lets it stop in its own time, and have a file for each connection", () => {
    expect(Number(settingOf("TimeoutStopSec"))).toBeGreaterThan(defaultStopSeconds);
    expect(Number(settingOf("LimitNOFILE"))).toBeGreaterThan(
      Number(settings.connections.default) + 1000,
    );
  });

  test("hubbub-admin runs commands as it runs the server", () => {
    const folder = makeFolder();
    try {
      const recorder = join(folder, "systemd-run");
      writeFileSync(recorder, '#!/bin/sh\nfor each; do printf "%s\\n" "$each"; done\n');
      chmodSync(recorder, 0o755);
      const { stdout, success } = Bun.spawnSync(
        [join(ROOT, "deploy/hubbub-admin"), "user", "add", "two words"],
        { env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } },
      );
      expect(success).toBe(true);
      const given = stdout.toString().trimEnd().split("\n");
      const [program] = settingOf("ExecStart").split(" ");
      expect(given.slice(-4)).toEqual([program as string, "user", "add", "two words"]);
      for (const option of [
        `--uid=${settingOf("User")}`,
        `--gid=${settingOf("Group")}`,
        `--working-directory=${settingOf("WorkingDirectory")}`,
        `--property=UMask=${settingOf("UMask")}`,
        `--property=EnvironmentFile=${settingOf("EnvironmentFile")}`,
        ...settingOf("Environment")
          .split(" ")
          .filter((pair) => pair.startsWith("HUBBUB_DATA="))
          .map((pair) => `--setenv=${pair}`),
      ]) {
        expect(given).toContain(option);
      }
    } finally {
      removeFolder(folder);
    }
  });

  const analyze = Bun.which("systemd-analyze");
  test.skipIf(analyze === null)(
    "is understood by systemd, but for the program that is not installed",
    () => {
      const file = join(ROOT, "deploy/hubbub.service");
      const { stderr } = Bun.spawnSync([analyze ?? "", "verify", "--man=no", file]);
      const complaints = stderr
        .toString()
        .split("\n")
        .filter((line) => line.includes("hubbub.service"));
      const notInstalled = /Command \/usr\/local\/bin\/hubbub is not executable/;
      expect(complaints.filter((line) => !notInstalled.test(line))).toEqual([]);
    },
  );
});
