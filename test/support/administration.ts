import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { run } from "./command.ts";
import { RawConnection } from "./raw_connection.ts";
import { register, type TestServer } from "./server.ts";

/** The channel that everybody begins in. */
export const GENERAL = 1;
export const resume = (channel: number, after: number) => ({
  case: "resume" as const,
  value: { cursors: [{ channel, after }] },
});
export const join = (name: string) => ({ case: "join", value: { name } }) as const;
export const readAll = (channel: number) =>
  ({ case: "readHistory", value: { channel, before: 0 } }) as const;

/** An account of that name, and a connection of it. */
export async function enter(server: TestServer, name: string) {
  const { accessToken } = await register(server.url, name);
  const connection = await RawConnection.open(server.url, accessToken);
  return Object.assign(connection, { accessToken });
}

/** Runs a command beside the server, which must succeed; returns what it said. */
export async function command(server: { dataFile: string }, ...args: string[]): Promise<string> {
  const { out, err, code } = await run([...args, "--data", server.dataFile]);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out;
}

/** Whether the text stands anywhere in the database or its WAL. */
export function isInFile(dataFile: string, text: string): boolean {
  return [dataFile, `${dataFile}-wal`].some(
    (file) => existsSync(file) && readFileSync(file).includes(text),
  );
}
