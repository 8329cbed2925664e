import type { Config } from "../../config.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { askedProcess, textOf } from "./server_process.ts";

/** Files beside the sockets: the database, threads, libraries, the hasher's pipes. */
const OTHER_FILES = 200;
/** What Bun asks for, and the system may cut. */
const ASKED_BACKLOG = 512;
/** Entries that a connection takes in a table of the firewall: to the proxy, and from there to here. */
const ENTRIES_PER_CONNECTION = 2;

/** What the system allows. What it does not tell is left out. */
export function machineFindings(config: Config): Finding[] {
  const found = [
    filesFinding(config),
    backlogFinding(),
    portsFinding(config),
    connectionTableFinding(config),
  ];
  return found.filter((finding) => finding !== undefined);
}

function filesFinding({ connections, data }: Config): Finding | undefined {
  const { folder, isServer } = askedProcess(data);
  const line = /^Max open files +(\S+) +(\S+)/m.exec(textOf(`${folder}/limits`));
  if (line === null) return undefined;
  // Bun takes all that the hard limit allows.
  const most = line[2] === "unlimited" ? Number.POSITIVE_INFINITY : Number(line[2]);
  const needed = connections + OTHER_FILES;
  const whose = isServer ? "The server" : "A server started from here";
  const text = `${whose} may have ${shown(most)} open files, and HUBBUB_CONNECTIONS=${connections} needs ${shown(needed)}.`;
  return most < needed
    ? fail(
        "open files",
        text,
        "Raise LimitNOFILE (systemd) or nofile (containers), or take fewer connections.",
      )
    : ok("open files", text);
}

function backlogFinding(): Finding | undefined {
  const backlog = Number(textOf("/proc/sys/net/core/somaxconn"));
  if (!(backlog > 0)) return undefined;
  const text = `${shown(backlog)} clients may wait to be accepted (net.core.somaxconn).`;
  return backlog < ASKED_BACKLOG
    ? warn(
        "backlog",
        text,
        `sysctl -w net.core.somaxconn=4096: many who come at once are let in sooner.`,
      )
    : ok("backlog", text);
}

/** A proxy has one address for all its connections to the server, and so a port for each. */
function portsFinding({ connections, trustedProxies }: Config): Finding | undefined {
  if (trustedProxies.length === 0) return undefined;
  const range = /^(\d+)\s+(\d+)/.exec(textOf("/proc/sys/net/ipv4/ip_local_port_range"));
  if (range === null) return undefined;
  const ports = Number(range[2]) - Number(range[1]) + 1;
  const text = `A proxy on this machine has ${shown(ports)} ports for connections to the server; HUBBUB_CONNECTIONS=${connections}.`;
  return ports < connections
    ? warn("ports", text, 'sysctl -w net.ipv4.ip_local_port_range="1024 65535"')
    : ok("ports", text);
}

function connectionTableFinding({ connections }: Config): Finding | undefined {
  const most = Number(textOf("/proc/sys/net/netfilter/nf_conntrack_max"));
  if (!(most > 0)) return undefined;
  const needed = ENTRIES_PER_CONNECTION * connections;
  const text = `The firewall tracks ${shown(most)} connections, and ${shown(needed)} may be needed behind a proxy (net.netfilter.nf_conntrack_max).`;
  return most < needed
    ? warn(
        "firewall",
        text,
        `sysctl -w net.netfilter.nf_conntrack_max=${4 * connections}, if it has rules at all.`,
      )
    : ok("firewall", text);
}

function shown(count: number): string {
  return Number.isFinite(count) ? count.toLocaleString("en") : "any number of";
}
