import { expect } from "bun:test";
import { join } from "node:path";
import { hubbub } from "./process.ts";
import { makeFolder, removeFolder } from "./temp.ts";
import { until } from "./wait.ts";

/** Starting a process takes a second, and many on a busy machine. */
export const PATIENCE_MS = 60_000;

export type Environment = Record<string, string>;

export function folder() {
  const path = makeFolder();
  return { path, db: join(path, "hubbub.db"), [Symbol.dispose]: () => removeFolder(path) };
}

/**
 * Runs a command to its end, in a folder without any settings of ours.
 *
 * @param enter put before the command, where it is to see another system.
 */
export async function run(
  args: readonly string[],
  env: Environment = {},
  cwd = "/",
  enter: readonly string[] = [],
) {
  const child = Bun.spawn([...enter, ...hubbub(...args)], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

/** What a command said that could not do its work: one clear sentence, and a code that says so. */
export async function refusalOf(args: string[], env: Environment = {}, cwd = "/"): Promise<string> {
  const { out, err, code } = await run(args, env, cwd);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(err).toMatch(/^hubbub: [^\n]+[.\w]\n$/);
  return err.slice("hubbub: ".length, -1);
}

export const serveOn = (file: string, ...more: string[]) => [
  "serve",
  "--port=0",
  "--data",
  file,
  ...more,
];

/** Starts a server whose output is kept as it came. */
export async function startTalking(args: string[], env: Environment = {}) {
  const child = Bun.spawn(hubbub(...args), {
    cwd: "/",
    env: { PATH: process.env.PATH, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  let said = "";
  const reading = [child.stdout, child.stderr].map(async (stream) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) said += decoder.decode(chunk, { stream: true });
  });
  await until(() => /listening/.test(said) || child.exitCode !== null);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? "";
  return {
    url,
    said: () => said,
    async end() {
      child.kill("SIGTERM");
      await Promise.all([child.exited, ...reading]);
      return child.exitCode;
    },
  };
}

export function post(url: string, path: string, body: unknown, accessToken = "") {
  return fetch(`${url}/auth/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${accessToken}` },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}
