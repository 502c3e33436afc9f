-- What a change has yet to tell the audit chain: a row comes with the change and goes with the chain's entry, each in one transaction.
CREATE TABLE intent (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  payload bytea  NOT NULL
);

-- Documents are written by statements that are not ours, so they carry their intents: base64 in the first property of their JSON. Quotes inside a text are escaped, so
-- nothing else can look like that property.
CREATE FUNCTION mlops_keep_intents() RETURNS trigger LANGUAGE plpgsql AS $f$
DECLARE
  name constant bytea := '"AuditIntents":'::bytea;
  list bytea := substring(NEW.payloadbinary FROM position(name IN NEW.payloadbinary) + length(name));
BEGIN
  IF current_setting('mlops.restoring', true) = 'on' THEN
    RETURN NULL;
  END IF;
  INSERT INTO intent (payload)
  SELECT decode(value, 'base64')
  FROM json_array_elements_text(convert_from(substring(list FOR position(']'::bytea IN list)), 'UTF8')::json) WITH ORDINALITY
  ORDER BY ordinality;
  RETURN NULL;
END
$f$;

CREATE TRIGGER orleansstorage_intents AFTER INSERT OR UPDATE ON orleansstorage FOR EACH ROW
WHEN (position('"AuditIntents":['::bytea IN NEW.payloadbinary) > 0)
EXECUTE FUNCTION mlops_keep_intents();
