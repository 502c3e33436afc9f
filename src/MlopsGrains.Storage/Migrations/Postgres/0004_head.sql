-- Entries lie in the order in which they are written, and each knows the one before it: a group commit of many streams then adds to the end of one table and
-- one index instead of touching an index page per stream. What a snapshot covers is removed; a pointer to it stays and is not followed.
CREATE TABLE journal_new (
  id       bigint NOT NULL,
  stream   bigint NOT NULL,
  version  bigint NOT NULL,
  previous bigint NOT NULL,
  payload  bytea  NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE journal_new ALTER COLUMN payload SET STORAGE EXTERNAL;

-- A head's id stands for its name in the journal. "before" is the entry to which the newest append was added: an UPDATE cannot return what it replaced.
ALTER TABLE stream_head
  ADD id     bigint GENERATED ALWAYS AS IDENTITY,
  ADD entry  bigint NOT NULL DEFAULT 0,
  ADD before bigint NOT NULL DEFAULT 0;

INSERT INTO journal_new (id, stream, version, previous, payload)
SELECT j.id, h.id, j.version, coalesce(lag(j.id) OVER (PARTITION BY h.id ORDER BY j.version), 0), j.payload
FROM (SELECT row_number() OVER (ORDER BY stream, version) AS id, stream, version, payload FROM journal) j JOIN stream_head h ON h.stream = j.stream;

UPDATE stream_head h SET entry = newest.id
FROM (SELECT stream, max(id) AS id FROM journal_new GROUP BY stream) newest WHERE newest.stream = h.id;

DROP TABLE journal;
ALTER TABLE journal_new RENAME TO journal;
ALTER TABLE journal ADD CONSTRAINT journal_pkey PRIMARY KEY (id);
ALTER TABLE stream_head ALTER COLUMN entry DROP DEFAULT, ALTER COLUMN before DROP DEFAULT;

-- A writer takes ids in blocks of this many. An id names one attempt to append: whether it was stored can be asked for later.
CREATE SEQUENCE journal_id INCREMENT BY 8192;
SELECT setval('journal_id', coalesce((SELECT max(id) FROM journal), 0) + 1, false);
