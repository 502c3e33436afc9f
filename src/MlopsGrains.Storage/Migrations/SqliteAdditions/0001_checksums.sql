-- A checksum beside each payload; none where a program wrote that does not know the column. Such a program that writes over a row leaves the old
-- checksum there, which must then go.
ALTER TABLE journal ADD COLUMN checksum INTEGER;
ALTER TABLE snapshot ADD COLUMN checksum INTEGER;
ALTER TABLE chunk ADD COLUMN checksum INTEGER;

CREATE TRIGGER snapshot_checksum AFTER UPDATE OF payload ON snapshot
WHEN OLD.checksum IS NOT NULL AND NEW.checksum IS OLD.checksum AND NEW.payload IS NOT OLD.payload
BEGIN UPDATE snapshot SET checksum = NULL WHERE stream = NEW.stream; END;

CREATE TRIGGER chunk_checksum AFTER UPDATE OF payload ON chunk
WHEN OLD.checksum IS NOT NULL AND NEW.checksum IS OLD.checksum AND NEW.payload IS NOT OLD.payload
BEGIN UPDATE chunk SET checksum = NULL WHERE stream = NEW.stream AND series = NEW.series AND number = NEW.number; END;
