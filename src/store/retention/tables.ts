/**
 * What the file knows of how long messages are kept. Part of the newest schema step.
 *
 * Rows of messages are not numbered again, so the time of their coming can be told by their ids: every
 * message up to `newest_id` had come at `time_ms`. That holds whatever the clock said when they came.
 * SQLite gives the id of the newest row again when that is deleted, whoever does it; hence the trigger.
 */
export const retentionTables = `
  CREATE TABLE retention (
    channel_id INTEGER PRIMARY KEY REFERENCES channel (id) ON DELETE CASCADE,
    -- Messages up to this number are gone. A channel's head is never below it.
    gone INTEGER NOT NULL DEFAULT 0,
    -- The channel's own limits; NULL where it has none of a kind.
    is_forever INTEGER NOT NULL DEFAULT 0 CHECK (is_forever IN (0, 1)),
    days INTEGER,
    messages INTEGER,
    bytes INTEGER
  ) STRICT;

  CREATE TABLE arrival_mark (time_ms INTEGER PRIMARY KEY, newest_id INTEGER NOT NULL) STRICT;
  CREATE TRIGGER newest_message_deleted AFTER DELETE ON message
    WHEN old.id > (SELECT coalesce(max(id), 0) FROM message)
  BEGIN
    UPDATE arrival_mark SET newest_id = (SELECT coalesce(max(id), 0) FROM message)
    WHERE newest_id > (SELECT coalesce(max(id), 0) FROM message);
  END;
`;
