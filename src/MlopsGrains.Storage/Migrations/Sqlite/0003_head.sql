-- The version of each stream and the row of its newest entry. Rows are small and lie side by side: a group commit of many streams touches few pages.
CREATE TABLE head (
  stream  INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  entry   INTEGER NOT NULL
);

-- Each entry knows the row of the one before it, so the table needs no index and a group commit only adds to its end. What a snapshot covers
-- is removed; a pointer to it stays and is not followed.
CREATE TABLE journal_new (
  id       INTEGER PRIMARY KEY,
  stream   INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  previous INTEGER NOT NULL,
  payload  BLOB    NOT NULL
);
INSERT INTO journal_new (id, stream, version, previous, payload)
SELECT j.rowid, j.stream, j.version, coalesce((SELECT p.rowid FROM journal p WHERE p.stream = j.stream AND p.version = j.version - 1), 0), j.payload
FROM journal j ORDER BY j.rowid;

INSERT INTO head (stream, version, entry)
SELECT id,
  max(coalesce((SELECT max(version) FROM journal WHERE stream = id), 0), coalesce((SELECT version FROM snapshot WHERE stream = id), 0)),
  coalesce((SELECT rowid FROM journal WHERE stream = id ORDER BY version DESC LIMIT 1), 0)
FROM stream;

DROP TABLE journal;
ALTER TABLE journal_new RENAME TO journal;
