/** What the commands for channels, messages and erasure need of the schema: a part of its newest step. */
export const administrationTables = `
  -- Since when nobody may write to the channel; NULL while members may.
  ALTER TABLE channel ADD COLUMN archived_ms INTEGER;
  -- The row of a deleted channel stays, without its name, so that its id is never used again.
  ALTER TABLE channel ADD COLUMN deleted_ms INTEGER;
  -- The same of an erased account.
  ALTER TABLE account ADD COLUMN erased_ms INTEGER;

  -- What a command has done beside a server, for that to see; the server removes what it has seen.
  CREATE TABLE notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('channel', 'message', 'member')),
    channel_id INTEGER NOT NULL,
    -- Of a message that is another now: its number. Of a member that is none any more: the account.
    subject INTEGER NOT NULL
  ) STRICT;
`;
