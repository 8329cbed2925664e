import type { SQLiteError } from "bun:sqlite";
import { type Finding, fail } from "./finding.ts";

/** What SQLite could not read, in a sentence. */
export function troubleFinding(path: string, { code = "", message }: SQLiteError): Finding {
  const about = "database";
  const said = message.replaceAll(/\s+/g, " ");
  if (code === "SQLITE_NOTADB") {
    const advice = "Name another file with --data, or restore a backup.";
    return fail(about, `${path} is not a database.`, advice);
  }
  if (code.startsWith("SQLITE_CORRUPT")) {
    return fail(about, `It is damaged: ${said}.`, "Restore a backup: see docs/OPERATIONS.md.");
  }
  const text = `${path} cannot be read: ${said} (${code}).`;
  return fail(about, text, "Ask as the user that the server runs as.");
}
