import type { Config } from "../../config.ts";
import { type Finding, ok, warn } from "./finding.ts";

/** Settings that are allowed, and that most people would regret. */
export function settingFindings(config: Config): Finding[] {
  const about = "settings";
  const found: Finding[] = [];
  const { host, trustedProxies, keepDays, keepMegabytes } = config;
  if (config.durability === "committed") {
    found.push(
      warn(
        about,
        "A power cut may lose acknowledged messages.",
        "HUBBUB_DURABILITY=synced keeps them.",
      ),
    );
  }
  if (config.backups === null) {
    found.push(
      warn(about, "The server makes no backups.", "Set HUBBUB_BACKUPS, or make them otherwise."),
    );
  }
  if (config.updateBackup === "off") {
    found.push(
      warn(
        about,
        "Updates of the database are not preceded by a backup.",
        "Take HUBBUB_UPDATE_BACKUP=off away.",
      ),
    );
  }
  const isLocal = /^(localhost|127\.|::1$|\[::1\]$)/.test(host);
  if (!isLocal && trustedProxies.length === 0) {
    found.push(
      warn(
        about,
        `It listens on ${host} without TLS of its own, and trusts no proxy.`,
        "Put a proxy with TLS in front, and name it in HUBBUB_TRUSTED_PROXIES.",
      ),
    );
  }
  if (trustedProxies.some((network) => /\/0$/.test(network))) {
    found.push(
      warn(
        about,
        "Everybody is a trusted proxy, and may say to have any address.",
        "Name the proxy alone in HUBBUB_TRUSTED_PROXIES.",
      ),
    );
  }
  if (config.logLevel === "silent") {
    found.push(warn(about, "Nothing is logged, faults neither.", "Take HUBBUB_LOG_LEVEL away."));
  }
  const kept = [keepDays > 0 && `${keepDays} days`, keepMegabytes > 0 && `${keepMegabytes} MB`];
  const most = kept.filter((part) => part !== false).join(" and ");
  found.push(
    ok(
      "retention",
      most === "" ? "Messages are kept for ever." : `Messages are kept for at most ${most}.`,
    ),
  );
  return found.some((finding) => finding.about === about)
    ? found
    : [ok(about, "Nothing is unusual."), ...found];
}
