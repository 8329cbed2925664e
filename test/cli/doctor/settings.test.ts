import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { examine, type Installation, install, PATIENCE_MS } from "./checkup.ts";

let place: Installation;
beforeAll(() => {
  place = install();
});
afterAll(() => place[Symbol.dispose]());

const OWN_PROXY = ["--trusted-proxies=127.0.0.1", "--rp-id=chat.example.org"];

test.each([
  ["settings", ["--durability=committed"], "A power cut may lose acknowledged messages."],
  ["settings", ["--update-backup=off"], "not preceded by a backup"],
  ["settings", ["--log-level=silent"], "Nothing is logged"],
  [
    "exposure",
    ["--host=0.0.0.0"],
    "It listens on 0.0.0.0 without TLS of its own, and trusts no proxy.",
  ],
  ["exposure", ["--host=::"], "It listens on :: without TLS"],
  [
    "exposure",
    ["--trusted-proxies=10.0.0.5,0.0.0.0/0", "--rp-id=a.example"],
    "Everybody is a trusted proxy",
  ],
  ["exposure", ["--metrics=::/0"], "may read /metrics"],
  [
    "exposure",
    ["--origins=http://chat.example.org"],
    "Pages without TLS may connect: http://chat.example.org.",
  ],
  ["exposure", ["--trusted-proxies=127.0.0.1"], "passkeys are bound to localhost"],
] as const)(
  "the doctor warns of %s: %p",
  async (about, args, text) => {
    const found = await examine(place.data, { args, unchanged: place.folder });
    expect(found.of(about)).toMatchObject({ level: "warn", advice: expect.any(String) });
    expect(found.of(about)?.text).toContain(text);
    expect(found.code).toBeGreaterThanOrEqual(1);
  },
  PATIENCE_MS,
);

test(
  "several things that are unwise are told one by one",
  async () => {
    const found = await examine(place.data, {
      args: [
        "--durability=committed",
        "--log-level=silent",
        "--host=0.0.0.0",
        "--metrics=0.0.0.0/0",
      ],
    });
    const warned = (about: string) =>
      found.findings.filter((finding) => finding.about === about && finding.level === "warn");
    expect([warned("settings").length, warned("exposure").length]).toEqual([2, 2]);
  },
  PATIENCE_MS,
);

test(
  "where nothing is unwise the doctor says who gets in, and how long messages are kept",
  async () => {
    const usual = await examine(place.data);
    expect(usual.of("settings")).toEqual({
      about: "settings",
      level: "ok",
      text: "Nothing is unusual.",
    });
    expect(usual.of("exposure")?.text).toBe(
      "It listens on 127.0.0.1, for only this machine; anybody there may make accounts.",
    );
    expect(usual.of("retention")?.text).toStartWith("Messages are kept for ever, ");

    const behindProxy = await examine(place.data, {
      args: [
        "--host=0.0.0.0",
        "--registration=closed",
        "--keep-days=90",
        "--keep-megabytes=5000",
        ...OWN_PROXY,
      ],
    });
    expect(behindProxy.of("exposure")).toMatchObject({
      level: "ok",
      text: "It listens on 0.0.0.0, for whoever reaches this machine; only the operator may make accounts.",
    });
    expect(behindProxy.of("retention")?.text).toStartWith(
      "Messages are kept for 90 days, and until the database has 5,000 MB, ",
    );
  },
  PATIENCE_MS,
);

test.skipIf(process.platform !== "linux")(
  "a core that is not there is to be mended: the server would not start",
  async () => {
    const found = await examine(place.data, { args: ["--cpu=4000"], unchanged: place.folder });
    expect(found.of("settings")?.level).toBe("fail");
    expect(found.of("settings")?.text).toStartWith("There is no core 4000 for this process");
    expect((await examine(place.data, { args: ["--cpu=0"] })).of("settings")?.level).toBe("ok");
  },
  PATIENCE_MS,
);

test.each([
  [
    "HUBBUB_BODY_BYTES",
    "many",
    'HUBBUB_BODY_BYTES is "many"; it should be a whole number from 1 to 8388608.',
  ],
  [
    "HUBBUB_BACKUP",
    "/backups",
    "HUBBUB_BACKUP is no setting of Hubbub; see --help for those there are.",
  ],
  [
    "HUBBUB_FRAME_BYTES",
    "1024",
    'HUBBUB_BODY_BYTES is "16384"; it should be at least 1024 below HUBBUB_FRAME_BYTES (1024).',
  ],
  [
    "HUBBUB_SIGNING_SECRET",
    "short",
    "HUBBUB_SIGNING_SECRET is not usable; it should be at least 32 characters, or nothing.",
  ],
])(
  "a wrong setting is to be mended, and nothing else is looked at: %s=%s",
  async (name, value, text) => {
    const found = await examine(place.data, {
      environment: { [name]: value },
      unchanged: place.folder,
    });
    expect(found.findings).toEqual([
      {
        about: "settings",
        level: "fail",
        text,
        advice: expect.stringContaining("no server starts"),
      },
    ]);
    expect(found.code).toBe(2);
    expect(found.report).toContain("1 to be mended, 0 to be looked at, 0 right.");
  },
  PATIENCE_MS,
);

test(
  "where there is nothing yet the doctor says so, and makes nothing",
  async () => {
    const folder = join(place.outside, "nowhere");
    const found = await examine(join(folder, "hubbub.db"), { unchanged: place.outside });
    expect(found.of("folder")).toMatchObject({ level: "warn", text: `There is no ${folder} yet.` });
    expect(found.of("database")).toMatchObject({ level: "warn" });
    expect(found.findings.filter(({ level }) => level === "fail")).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  },
  PATIENCE_MS,
);
