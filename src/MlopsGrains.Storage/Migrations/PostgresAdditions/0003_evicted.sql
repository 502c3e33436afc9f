-- A process that its cluster has declared dead may have been frozen and not know it: nothing that it writes is taken any more. Each connection says whose it is,
-- as address|port|generation|cluster; one that says nothing is let through.
CREATE FUNCTION mlops_refuse_evicted() RETURNS trigger LANGUAGE plpgsql AS $f$
DECLARE
  member text[] := string_to_array(current_setting('mlops.member', true), '|');
BEGIN
  IF EXISTS (
    SELECT FROM orleansmembershiptable
    WHERE deploymentid = array_to_string(member[4:], '|') AND address = member[1] AND port = member[2]::int AND generation = member[3]::int AND status = 6) THEN
    RAISE EXCEPTION 'the cluster went on without this process' USING ERRCODE = 'ML001';
  END IF;
  RETURN NULL;
END
$f$;

CREATE TRIGGER stream_head_evicted BEFORE INSERT OR UPDATE ON stream_head FOR EACH STATEMENT EXECUTE FUNCTION mlops_refuse_evicted();
CREATE TRIGGER snapshot_evicted BEFORE INSERT OR UPDATE ON snapshot FOR EACH STATEMENT EXECUTE FUNCTION mlops_refuse_evicted();
CREATE TRIGGER orleansstorage_evicted BEFORE INSERT OR UPDATE ON orleansstorage FOR EACH STATEMENT EXECUTE FUNCTION mlops_refuse_evicted();
