-- A snapshot without a payload is what a deleted stream leaves: its version stays known, so that its old writers stay fenced.
ALTER TABLE snapshot ALTER COLUMN payload DROP NOT NULL;

CREATE TABLE chunk (
  stream  text COLLATE "C" NOT NULL,
  series  text COLLATE "C" NOT NULL,
  number  bigint NOT NULL,
  payload bytea  NOT NULL,
  PRIMARY KEY (stream, series, number)
);
ALTER TABLE chunk ALTER COLUMN payload SET STORAGE EXTERNAL;
