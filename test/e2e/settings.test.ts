import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { flagOf, type SettingName, settings, variableOf } from "../../src/config.ts";
import {
  type Environment,
  folder,
  PATIENCE_MS,
  refusalOf,
  run,
  serveOn,
  startTalking,
} from "../support/command.ts";
import { register } from "../support/server.ts";

describe("--help", () => {
  const levels = [
    "",
    "serve",
    "chat",
    "inspect",
    "user",
    "user add",
    "user role",
    "user list",
    "pepper",
    "pepper list",
    "pepper rotate",
  ];
  test.each(levels)(
    "hubbub %s --help succeeds",
    async (level) => {
      const { code, out, err } = await run([...level.split(" ").filter(Boolean), "--help"]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toStartWith(`Usage: hubbub ${level}`.trimEnd());
    },
    PATIENCE_MS,
  );

  test(
    "names every setting's flag, variable and default",
    async () => {
      const { out } = await run(["serve", "--help"], { COLUMNS: "200" });
      // Help is wrapped to the width of the terminal.
      const text = out.replaceAll(/\s+/g, " ");
      for (const name of Object.keys(settings) as SettingName[]) {
        const { summary, placeholder, default: fallback } = settings[name];
        const shown = fallback === "" ? "empty" : fallback;
        expect(text).toContain(`${flagOf(name)} <${placeholder}> ${summary}`);
        expect(text).toContain(`(${variableOf(name)}; default ${shown})`);
      }
    },
    PATIENCE_MS,
  );
});

describe("a wrong setting is refused with its name, its value and what would be right", () => {
  // Flags begin with dashes; what does not is a variable.
  const cases: [setting: string, value: string, right: string][] = [
    ["HUBBUB_PORT", "eighty", "a whole number from 0 to 65535"],
    ["--port", "70000", "a whole number from 0 to 65535"],
    ["--idle-seconds", "7", "a whole number from 8 to 960"],
    ["HUBBUB_STOP_SECONDS", "1.5", "a whole number from 1 to 60"],
    ["HUBBUB_CONNECTIONS", "", "a whole number from 1 to 1000000"],
    ["HUBBUB_DURABILITY", "maybe", "one of synced, committed"],
    ["--log-level", "INFO", "one of debug, info, warn, error, silent"],
    ["--host", "http://here", "a host name or an IP address"],
    ["--data", "./data/", "a file name"],
    ["HUBBUB_CPU", "4096", "a whole number from 0 to 4095, or nothing"],
    [
      "HUBBUB_ORIGINS",
      "https://a.example, b.example",
      "origins such as https://chat.example.org, separated by commas",
    ],
    [
      "HUBBUB_TRUSTED_PROXIES",
      "proxy.example.org",
      "addresses and CIDR blocks such as 10.0.0.5,fd00::/8, separated by commas",
    ],
    ["--hash-memory-kib", "4096", "a whole number from 19456 to 262144"],
    ["--hash-passes", "1", "a whole number from 2 to 10"],
    // Each is right by itself, but not beside the other's default.
    ["HUBBUB_BODY_BYTES", "65536", "at least 1024 below HUBBUB_FRAME_BYTES (65536)"],
    ["HUBBUB_OUTBOUND_BYTES", "1048576", "at least HUBBUB_FRAME_BYTES (1048577)"],
  ];
  test.each(cases)(
    "%s=%s",
    async (setting, value, right) => {
      using empty = folder();
      const flags = setting.startsWith("--") ? [`${setting}=${value}`] : [];
      const env: Environment = flags.length === 0 ? { [setting]: value } : {};
      if (setting === "HUBBUB_OUTBOUND_BYTES") env.HUBBUB_FRAME_BYTES = "1048577";
      const sentence = `${setting} is "${value}"; it should be ${right}.`;
      expect(await refusalOf(["serve", ...flags], env, empty.path)).toBe(sentence);
      expect(readdirSync(empty.path)).toEqual([]);
    },
    PATIENCE_MS,
  );

  test(
    "a flag wins over its variable, and both over the default",
    async () => {
      const env = { HUBBUB_PORT: "also wrong" };
      expect(await refusalOf(["serve", "--port=wrong"], env)).toStartWith('--port is "wrong";');
      expect(await refusalOf(["serve"], env)).toStartWith('HUBBUB_PORT is "also wrong";');
    },
    PATIENCE_MS,
  );

  test(
    "a variable that does not exist",
    async () => {
      expect(await refusalOf(["serve"], { HUBBUB_PROT: "80" })).toBe(
        "HUBBUB_PROT is no setting of Hubbub; see --help for those there are.",
      );
    },
    PATIENCE_MS,
  );

  test(
    "a signing secret is never shown, be it wrong or right",
    async () => {
      using data = folder();
      const short = "hush-hush";
      const byVariable = await refusalOf(serveOn(data.db), { HUBBUB_SIGNING_SECRET: short });
      const byFlag = await refusalOf(serveOn(data.db, `--signing-secret=${short}`));
      expect(byVariable).toStartWith("HUBBUB_SIGNING_SECRET ");
      expect(byFlag).toStartWith("--signing-secret ");
      for (const sentence of [byVariable, byFlag]) {
        expect(sentence).toContain("should be at least 32 characters");
        expect(sentence).not.toContain(short);
      }

      const secret = "a-secret-that-is-long-enough-for-everybody";
      const env = { HUBBUB_SIGNING_SECRET: secret };
      const server = await startTalking(serveOn(data.db, "--log-level=debug"), env);
      await register(server.url, "ada");
      expect(await server.end()).toBe(0);
      expect(server.said()).not.toContain(secret);
      // It was given, so none is made.
      expect(existsSync(join(data.path, "signing.key"))).toBe(false);
    },
    PATIENCE_MS,
  );
});
