-- Names are kept once: the journal's index then holds numbers, four times as many to a page.
CREATE TABLE stream (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- With a rowid: a group commit of many streams then fills pages one after the other instead of touching one page per stream.
CREATE TABLE journal (
  stream  INTEGER NOT NULL,
  version INTEGER NOT NULL,
  payload BLOB    NOT NULL,
  PRIMARY KEY (stream, version)
);

CREATE TABLE snapshot (
  stream  INTEGER PRIMARY KEY,
  version INTEGER NOT NULL,
  payload BLOB    NOT NULL
);

-- A cleared record keeps its version and loses its payload.
CREATE TABLE record (
  kind    TEXT    NOT NULL,
  key     TEXT    NOT NULL,
  version INTEGER NOT NULL,
  payload BLOB,
  PRIMARY KEY (kind, key)
);
