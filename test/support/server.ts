import { Database } from "bun:sqlite";
import { join } from "node:path";
import { readConfig, type SettingName } from "../../src/config.ts";
import { createLog } from "../../src/monitor/log.ts";
import { type Running, serve } from "../../src/serve.ts";
import { isCompiled, startProcess } from "./process.ts";
import { makeFolder, removeFolder } from "./temp.ts";

/**
 * A server of a test's own, on a free port, with its data in a new folder: in this process, or, where
 * a compiled program is tested, in one of its own.
 */
export interface TestServer extends Running {
  readonly folder: string;
  /** The process that it is in; perhaps this one. */
  readonly pid: number;
  /** Stops the server and removes its data. */
  [Symbol.asyncDispose](): Promise<void>;
}

type Settings = Partial<Record<SettingName, string | number>>;

/**
 * A compiled program's server. What is inside of it is not to be seen from here; what it counts is told by
 * `Counted`.
 */
async function startCompiled(settings: Settings, folder: string): Promise<TestServer> {
  const server = await startProcess(folder, settings);
  const told = server.log.find(({ msg }) => msg === "listening") as unknown as Running;
  let ended: Promise<number | string> | undefined;
  const compiled: TestServer = {
    folder,
    pid: server.pid,
    url: server.url,
    dataFile: told.dataFile,
    core: told.core,
    hashPriority: told.hashPriority,
    get counters(): never {
      throw new Error("a compiled server is another process, whose counters are its own");
    },
    async stop() {
      ended ??= server.end("SIGTERM");
      const code = await ended;
      if (code !== 0) throw new Error(`the server ended with ${code}`);
    },
    async [Symbol.asyncDispose]() {
      await this.stop();
      removeFolder(folder);
    },
  };
  return compiled;
}

/** Starts a server. `settings` are those of the command line; `folder` continues with older data. */
export async function startServer(
  settings: Settings = {},
  folder = makeFolder(),
): Promise<TestServer> {
  if (isCompiled) return startCompiled(settings, folder);
  const flags = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, String(value)]),
  );
  const data = join(folder, "hubbub.db");
  const config = readConfig({ port: "0", data, logLevel: "silent", ...flags }, {});
  const running = await serve(config, createLog(config.logLevel, "json"), (error) => {
    throw error;
  });
  let isStopped = false;
  const server: TestServer = {
    ...running,
    folder,
    pid: process.pid,
    async stop() {
      if (isStopped) return;
      isStopped = true;
      await running.stop();
    },
    async [Symbol.asyncDispose]() {
      await this.stop();
      removeFolder(folder);
    },
  };
  return server;
}

/** An account's sign-in. */
export interface SignIn {
  readonly name: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export const PASSWORD = "correct horse battery";

/** Makes an account over the server's own route. */
export async function register(url: string, name: string): Promise<SignIn> {
  const response = await fetch(`${url}/auth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name, password: PASSWORD }),
  });
  if (response.status !== 201) throw new Error(`register ${name}: ${await response.text()}`);
  const body = (await response.json()) as { access_token: string; refresh_token: string };
  return { name, accessToken: body.access_token, refreshToken: body.refresh_token };
}

/** Gives an account a role, as `hubbub user role` does beside the running server. */
export function setRole(dataFile: string, name: string, role: "user" | "monitor" | "admin"): void {
  using db = new Database(dataFile);
  db.run("PRAGMA busy_timeout = 5000");
  const { changes } = db.run("UPDATE account SET role = ? WHERE name = ?", [role, name]);
  if (changes !== 1) throw new Error(`there is no account ${name}`);
}

/** Makes an account that is an admin. */
export async function registerAdmin(server: Running, name: string): Promise<SignIn> {
  const signIn = await register(server.url, name);
  setRole(server.dataFile, name, "admin");
  return signIn;
}
