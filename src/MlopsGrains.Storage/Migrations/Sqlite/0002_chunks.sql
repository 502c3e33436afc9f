-- A snapshot without a payload is what a deleted stream leaves: its version stays known, so that its old writers stay fenced.
CREATE TABLE snapshot_new (
  stream  INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  payload BLOB
);
INSERT INTO snapshot_new (stream, version, payload) SELECT stream, version, payload FROM snapshot;
DROP TABLE snapshot;
ALTER TABLE snapshot_new RENAME TO snapshot;

CREATE TABLE chunk (
  stream  INTEGER NOT NULL,
  series  TEXT    NOT NULL,
  number  INTEGER NOT NULL,
  payload BLOB    NOT NULL,
  PRIMARY KEY (stream, series, number)
);
