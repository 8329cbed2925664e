/** The kinds of settings that config.ts has. */
import ipaddr from "ipaddr.js";

/** One setting. */
export interface Entry<T> {
  readonly summary: string;
  /** What `--help` shows as the argument. */
  readonly placeholder: string;
  /** As the operator would write it. */
  readonly default: string;
  /** What would be right, for the refusal of a wrong value. */
  readonly expected: string;
  /** The value, or undefined where it is wrong. */
  parse(text: string): T | undefined;
}

/** A whole number within bounds. */
export function integer(
  summary: string,
  placeholder: string,
  fallback: number,
  min: number,
  max: number,
): Entry<number> {
  return {
    summary,
    placeholder,
    default: String(fallback),
    expected: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = Number(text);
      return /^\d+$/.test(text) && value >= min && value <= max ? value : undefined;
    },
  };
}

/** A limit that makes sense from a size on only, or 0 for none. */
export function limit(
  summary: string,
  placeholder: string,
  min: number,
  max: number,
): Entry<number> {
  const { parse } = integer(summary, placeholder, 0, min, max);
  return {
    summary,
    placeholder,
    default: "0",
    expected: `0, or a whole number from ${min} to ${max}`,
    parse: (text) => (text === "0" ? 0 : parse(text)),
  };
}

/** One of a few words. */
export function choice<const T extends string>(
  summary: string,
  allowed: readonly T[],
  fallback: T,
): Entry<T> {
  return {
    summary,
    placeholder: allowed.join("|"),
    default: fallback,
    expected: `one of ${allowed.join(", ")}`,
    parse: (text) => allowed.find((value) => value === text),
  };
}

function listed(text: string): readonly string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** Addresses and CIDR blocks, separated by commas, or none. */
export function networks(summary: string, fallback: string): Entry<readonly string[]> {
  return {
    summary,
    placeholder: "networks",
    default: fallback,
    expected: "addresses and CIDR blocks such as 10.0.0.5,fd00::/8, separated by commas",
    parse: parseNetworks,
  };
}

/** Undefined where one is neither. */
function parseNetworks(text: string): readonly string[] | undefined {
  const networks = listed(text);
  const isNetwork = (network: string) => {
    const [address = "", bits, ...more] = network.split("/");
    const isAddress = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address);
    return isAddress && more.length === 0 && (bits === undefined || ipaddr.isValidCIDR(network));
  };
  return networks.every(isNetwork) ? networks : undefined;
}

/** Web origins, separated by commas. */
export function origins(summary: string): Entry<readonly string[]> {
  return {
    summary,
    placeholder: "origins",
    default: "",
    expected: "origins such as https://chat.example.org, separated by commas",
    parse: parseOrigins,
  };
}

/** Undefined where one is none. */
function parseOrigins(text: string): readonly string[] | undefined {
  const origins = listed(text);
  return origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)
    ? origins
    : undefined;
}

/** A domain, or nothing. */
export function domain(summary: string): Entry<string> {
  return {
    summary,
    placeholder: "domain",
    default: "",
    expected: "a domain such as chat.example.org, in lower case, or nothing",
    parse: (text) => (text === "" || isDomain(text) ? text : undefined),
  };
}

/** Whether a text is a domain in lower case, and no address. */
function isDomain(text: string): boolean {
  const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  // An address is no domain: the last label is not a number.
  return text.length <= 253 && new RegExp(`^(${label}\\.)*(?!\\d+$)${label}$`).test(text);
}

/** When the server makes backups by itself. */
export interface BackupPlan {
  readonly folder: string;
  readonly everyMs: number;
  /** So many are kept; older ones are deleted. */
  readonly keep: number;
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `/backups every 6h keep 14`; null where nothing is set. */
export function backupPlan(summary: string): Entry<BackupPlan | null> {
  return {
    summary,
    placeholder: "plan",
    default: "",
    expected: "a plan such as /backups every 6h keep 14, with m, h or d up to 24 days, or nothing",
    parse(text) {
      if (text === "") return null;
      const [, folder, count, unit, keep] =
        /^(\S.*?) every (\d{1,4})([mhd]) keep (\d{1,4})$/.exec(text) ?? [];
      const everyMs = Number(count) * unitMs[unit as keyof typeof unitMs];
      // A timer of JavaScript knows no more than 24 days.
      if (folder === undefined || !(everyMs > 0 && everyMs <= 24 * unitMs.d)) return undefined;
      return Number(keep) > 0 ? { folder, everyMs, keep: Number(keep) } : undefined;
    },
  };
}

/** A core by its number, or null for none. */
export function core(summary: string): Entry<number | null> {
  return {
    summary,
    placeholder: "core",
    default: "",
    expected: "a whole number from 0 to 4095, or nothing",
    parse(text) {
      if (text === "") return null;
      return /^\d{1,4}$/.test(text) && Number(text) < 4096 ? Number(text) : undefined;
    },
  };
}
