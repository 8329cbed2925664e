import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Pool, writePool } from "./accounts.ts";
import { cleanEnvironment, importPool } from "./install_accounts.ts";
import { type ServerProcess, startServerProcess } from "./server_process.ts";
import { serverProgram } from "./server_program.ts";
import { flagsOf, type ServerSettings } from "./server_settings.ts";

/** Virtual users talk faster than people where the time scale says so; their limits are not tested. */
const RAISED = [
  ...["messages-per-second", "message-burst", "commands-per-second", "command-burst"],
  // They all come from one address.
  "tries-per-minute",
];

/**
 * Starts a server with fresh data in a temporary folder (`TMPDIR` says where: a folder in memory
 * would make syncing look free), and with the pool's accounts. Stopping it removes its data.
 *
 * @param cpu the core to pin it to, or null.
 * @param settings win over what is set here for the virtual users' sake.
 * @param prepare puts more into the database, between the accounts and the start.
 * @throws StartError with the server's own words, as where it knows no such setting.
 */
export async function startOwnServer(
  pool: Pool,
  cpu: number | null,
  settings: ServerSettings = {},
  prepare: (data: string) => void = () => {},
): Promise<ServerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "hubbub-loadtest-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const data = join(folder, "hubbub.db");
    const file = join(folder, "pool.jsonl");
    writePool(file, pool);
    await importPool(file, data);
    prepare(data);
    const command = commandOf(data, pool.users.length, settings);
    const server = await startServerProcess(command, cleanEnvironment(), cpu);
    return {
      ...server,
      async stop() {
        await server.stop();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

function commandOf(data: string, users: number, settings: ServerSettings): string[] {
  return [
    ...[...serverProgram(), "serve"],
    ...["--port", "0", "--data", data, "--log-format", "json", "--log-level", "info"],
    ...RAISED.flatMap((name) => [`--${name}`, "1000000"]),
    ...["--connections", String(users + 100), "--access-token-minutes", "60"],
    ...["--channels", String(users + 10_000)],
    // Last, for the last of two flags holds.
    ...flagsOf(settings),
  ];
}
