-- A checksum beside each payload; none where a program wrote that does not know the column. Such a program that writes over a row leaves the old
-- checksum there, which must then go.
ALTER TABLE journal ADD COLUMN checksum bigint;
ALTER TABLE snapshot ADD COLUMN checksum bigint;
ALTER TABLE chunk ADD COLUMN checksum bigint;

CREATE FUNCTION mlops_forget_checksum() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN
  NEW.checksum := NULL;
  RETURN NEW;
END
$f$;

CREATE TRIGGER snapshot_checksum BEFORE UPDATE ON snapshot FOR EACH ROW
WHEN (OLD.checksum IS NOT NULL AND NEW.checksum IS NOT DISTINCT FROM OLD.checksum AND NEW.payload IS DISTINCT FROM OLD.payload)
EXECUTE FUNCTION mlops_forget_checksum();

CREATE TRIGGER chunk_checksum BEFORE UPDATE ON chunk FOR EACH ROW
WHEN (OLD.checksum IS NOT NULL AND NEW.checksum IS NOT DISTINCT FROM OLD.checksum AND NEW.payload IS DISTINCT FROM OLD.payload)
EXECUTE FUNCTION mlops_forget_checksum();
