import { Database } from "bun:sqlite";
import { migrations } from "../schema.ts";

interface Code {
  readonly type: "trigger" | "view";
  readonly name: string;
  readonly sql: string;
}

/**
 * Takes the triggers and views out of a database that are not Hubbub's, and puts back those of Hubbub's that are
 * missing. They are code that is carried out with the statements of whoever opens the file, and a backup
 * may have been in other hands. To be called in a transaction.
 *
 * @param version the migrations that the database has seen.
 * @returns the names of what was taken out.
 */
export function dropForeignCode(db: Database, version: number): readonly string[] {
  const ours = new Set(codeOfVersion(version).map(({ sql }) => sql));
  const foreign: string[] = [];
  for (const { type, name, sql } of codeOf(db)) {
    if (ours.delete(sql)) continue;
    // A view takes its triggers with it.
    db.run(`DROP ${type} IF EXISTS "${name.replaceAll('"', '""')}"`);
    foreign.push(name);
  }
  for (const sql of ours) db.run(sql);
  return foreign;
}

function codeOfVersion(version: number): readonly Code[] {
  using db = new Database(":memory:");
  for (const sql of migrations.slice(0, version)) db.run(sql);
  return codeOf(db);
}

function codeOf(db: Database): readonly Code[] {
  return db
    .query<Code, []>(
      "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view') ORDER BY rowid",
    )
    .all();
}
