-- The version of each stream. Its row is the fence: an append moves it from the version its writer has read, or does nothing.
CREATE TABLE stream_head (
  stream  text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL
) WITH (fillfactor = 50);

-- The ticket names the append that stored a row, so that a writer whose connection broke can find out whether its commit happened.
-- Rows up to a page stay in the row: a TOAST table would cost a second insert and a second index.
CREATE TABLE journal (
  stream  text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  ticket  bigint NOT NULL,
  payload bytea  NOT NULL,
  PRIMARY KEY (stream, version)
) WITH (toast_tuple_target = 8160);
ALTER TABLE journal ALTER COLUMN payload SET STORAGE EXTERNAL;

CREATE TABLE snapshot (
  stream  text COLLATE "C" PRIMARY KEY,
  version bigint NOT NULL,
  payload bytea  NOT NULL
);
