import { join } from "node:path";

const PROGRAM = join(import.meta.dir, "../../loadtest/main.ts");

/** Starts the load tester as a user would. */
export function loadtest(...args: string[]) {
  return Bun.spawn([process.execPath, PROGRAM, ...args], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH ?? "" },
  });
}

/** How it ended. */
export async function ended(child: ReturnType<typeof loadtest>) {
  const [output, errors, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { output, errors, exitCode };
}
