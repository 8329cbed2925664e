import { cleanEnvironment } from "../install_accounts.ts";
import type { Plateau } from "../run.ts";
import { serverProgram } from "../server_program.ts";

/**
 * `hubbub profile`, as anybody can run it against a server. The tester is no part of the server, so
 * it asks from outside; what a profile means is known in one place.
 */
const COMMAND = [...serverProgram(), "profile"];

export interface TakeOptions {
  readonly seconds: number;
  readonly intervalUs: number;
  readonly out: string;
}

/** How the command ended. */
export interface Taken {
  readonly exitCode: number;
  /** The table. */
  readonly output: string;
  readonly errors: string;
}

/** Takes a profile of the server at the plateau. */
export async function takeProfile({ url, admin }: Plateau, options: TakeOptions): Promise<Taken> {
  const flags = [
    ...["--url", url, "--user", admin.name, "--out", options.out],
    ...["--seconds", String(options.seconds), "--interval-us", String(options.intervalUs)],
  ];
  const child = Bun.spawn([...COMMAND, ...flags], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...cleanEnvironment(), HUBBUB_PASSWORD: admin.password },
    // Of its own group, so that a Ctrl-C ends the run in order, and with it the profile.
    detached: true,
  });
  const [output, errors, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { output, errors, exitCode };
}

/** Compares two profiles; what it says goes where this process's own words go. */
export async function compareProfiles(paths: readonly string[], out?: string): Promise<number> {
  const flags = out === undefined ? [] : ["--out", out];
  const child = Bun.spawn([...COMMAND, "compare", ...paths, ...flags], {
    stdio: ["ignore", "inherit", "inherit"],
    env: cleanEnvironment(),
  });
  return child.exited;
}
