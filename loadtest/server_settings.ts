import { InvalidArgumentError } from "commander";

/** Settings of the run's own server, by the names of their flags without the dashes. */
export type ServerSettings = Readonly<Record<string, string>>;

/** Without these as they are, the run could not find its accounts or see its server listen. */
const ownSettings = ["data", "log-format", "log-level"];

/** Reads `pace-cap-ms=50`, beside those that were given before. */
export function addServerSetting(text: string, before: ServerSettings = {}): ServerSettings {
  const [, name, value] = /^([a-z][a-z-]*)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError("It should be NAME=VALUE, such as pace-cap-ms=50.");
  }
  return { ...before, [settingName(name)]: value };
}

/** Reads the name of a setting. Whether there is such a one, only the server can tell. */
export function settingName(text: string): string {
  if (!/^[a-z][a-z-]*$/.test(text)) {
    throw new InvalidArgumentError("It should be a setting's flag without dashes: pace-cap-ms.");
  }
  if (ownSettings.includes(text)) {
    throw new InvalidArgumentError(`The run sets ${text} itself.`);
  }
  return text;
}

/** As the server's command line takes them. */
export function flagsOf(settings: ServerSettings): string[] {
  return Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
}
