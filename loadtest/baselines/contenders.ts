import { join } from "node:path";
import type { Pool } from "../accounts.ts";
import { cleanEnvironment } from "../install_accounts.ts";
import { startOwnServer } from "../own_server.ts";
import { type ServerProcess, startServerProcess } from "../server_process.ts";
import type { Dialect } from "./dialect.ts";
import { hubbubDialect } from "./dialects/hubbub.ts";
import { plainDialect } from "./dialects/plain.ts";
import { socketIoDialect } from "./dialects/socket_io.ts";

/** Makes a dialect for the connections of one process. */
export const dialects = {
  hubbub: hubbubDialect,
  plain: () => plainDialect,
  "socket.io": () => socketIoDialect,
} as const satisfies Record<string, () => Dialect>;

export type DialectName = keyof typeof dialects;

interface Contender {
  /** As the table names it. */
  readonly title: string;
  readonly dialect: DialectName;
  /** It runs on Node, which not every machine has. */
  readonly needsNode: boolean;
  /** Starts it with room for those accounts, pinned to a core unless that is null. */
  start(pool: Pool, cpu: number | null): Promise<ServerProcess>;
}

const bun = (file: string) => startBaseline(process.execPath, file);
const node = (file: string) => startBaseline("node", file);

/** The servers that are compared, by the names that --servers takes. */
export const contenders = {
  hubbub: { title: "Hubbub", dialect: "hubbub", needsNode: false, start: startOwnServer },
  "raw-bun": {
    title: "raw Bun",
    dialect: "plain",
    needsNode: false,
    start: bun("raw_bun.ts"),
  },
  ws: { title: "ws on Node", dialect: "plain", needsNode: true, start: node("ws_node.mjs") },
  "socket.io": {
    title: "Socket.IO on Node",
    dialect: "socket.io",
    needsNode: true,
    start: node("socket_io_node.mjs"),
  },
} as const satisfies Record<string, Contender>;

export type ContenderName = keyof typeof contenders;

export const contenderNames = Object.keys(contenders) as ContenderName[];

function startBaseline(runtime: string, file: string) {
  const command = [runtime, join(import.meta.dir, "servers", file)];
  return (_: unknown, cpu: number | null) =>
    startServerProcess(command, { ...cleanEnvironment(), NODE_ENV: "production" }, cpu);
}
