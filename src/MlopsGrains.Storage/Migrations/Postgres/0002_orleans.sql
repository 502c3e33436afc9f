-- What Orleans' ADO.NET providers need: they hold no SQL and run the texts of OrleansQuery. Parameters are cast because a null has no type.

CREATE TABLE orleansquery (
  querykey  varchar(64) PRIMARY KEY,
  querytext text NOT NULL
);

-- Grain state. The hashes find the rows; the clear columns decide, since hashes collide.
CREATE TABLE orleansstorage (
  grainidhash            int     NOT NULL,
  grainidn0              bigint  NOT NULL,
  grainidn1              bigint  NOT NULL,
  graintypehash          int     NOT NULL,
  graintypestring        text    NOT NULL,
  grainidextensionstring text,
  serviceid              text    NOT NULL,
  payloadbinary          bytea,
  modifiedon             timestamptz NOT NULL,
  version                int     NOT NULL
);

CREATE INDEX orleansstorage_hashes ON orleansstorage (grainidhash, graintypehash);

-- The arbiter of two activations that both create the row. Digests, because the texts together may be longer than an index entry.
CREATE UNIQUE INDEX orleansstorage_identity ON orleansstorage
  (grainidn0, grainidn1, md5(graintypestring), (grainidextensionstring IS NULL), md5(coalesce(grainidextensionstring, '')), md5(serviceid));

INSERT INTO orleansquery (querykey, querytext) VALUES ('ReadFromStorageKey', $q$
SELECT payloadbinary AS "PayloadBinary", version AS "Version"
FROM orleansstorage
WHERE grainidhash = @GrainIdHash::int AND graintypehash = @GrainTypeHash::int
  AND grainidn0 = @GrainIdN0::bigint AND grainidn1 = @GrainIdN1::bigint
  AND graintypestring = @GrainTypeString::text
  AND grainidextensionstring IS NOT DISTINCT FROM @GrainIdExtensionString::text
  AND serviceid = @ServiceId::text
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('WriteToStorageKey', $q$
WITH updated AS (
  UPDATE orleansstorage SET payloadbinary = @PayloadBinary::bytea, modifiedon = now(), version = version + 1
  WHERE @GrainStateVersion::int IS NOT NULL
    AND grainidhash = @GrainIdHash::int AND graintypehash = @GrainTypeHash::int
    AND grainidn0 = @GrainIdN0::bigint AND grainidn1 = @GrainIdN1::bigint
    AND graintypestring = @GrainTypeString::text
    AND grainidextensionstring IS NOT DISTINCT FROM @GrainIdExtensionString::text
    AND serviceid = @ServiceId::text
    AND version = @GrainStateVersion::int
  RETURNING version),
inserted AS (
  INSERT INTO orleansstorage
    (grainidhash, grainidn0, grainidn1, graintypehash, graintypestring, grainidextensionstring, serviceid, payloadbinary, modifiedon, version)
  SELECT @GrainIdHash::int, @GrainIdN0::bigint, @GrainIdN1::bigint, @GrainTypeHash::int, @GrainTypeString::text,
    @GrainIdExtensionString::text, @ServiceId::text, @PayloadBinary::bytea, now(), 1
  WHERE @GrainStateVersion::int IS NULL
  ON CONFLICT DO NOTHING
  RETURNING version)
SELECT version AS "NewGrainStateVersion" FROM updated
UNION ALL
SELECT version FROM inserted
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('ClearStorageKey', $q$
UPDATE orleansstorage SET payloadbinary = NULL, modifiedon = now(), version = version + 1
WHERE grainidhash = @GrainIdHash::int AND graintypehash = @GrainTypeHash::int
  AND grainidn0 = @GrainIdN0::bigint AND grainidn1 = @GrainIdN1::bigint
  AND graintypestring = @GrainTypeString::text
  AND grainidextensionstring IS NOT DISTINCT FROM @GrainIdExtensionString::text
  AND serviceid = @ServiceId::text
  AND version = @GrainStateVersion::int
RETURNING version AS "NewGrainStateVersion"
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('DeleteStorageKey', $q$
DELETE FROM orleansstorage
WHERE grainidhash = @GrainIdHash::int AND graintypehash = @GrainTypeHash::int
  AND grainidn0 = @GrainIdN0::bigint AND grainidn1 = @GrainIdN1::bigint
  AND graintypestring = @GrainTypeString::text
  AND grainidextensionstring IS NOT DISTINCT FROM @GrainIdExtensionString::text
  AND serviceid = @ServiceId::text
  AND version = @GrainStateVersion::int
RETURNING version + 1 AS "NewGrainStateVersion"
$q$);

-- Membership. The deployment's version row is the lock: who moves it may change a member.
CREATE TABLE orleansmembershipversiontable (
  deploymentid text PRIMARY KEY,
  "timestamp"  timestamptz NOT NULL DEFAULT now(),
  version      int NOT NULL DEFAULT 0
);

CREATE TABLE orleansmembershiptable (
  deploymentid text NOT NULL REFERENCES orleansmembershipversiontable (deploymentid),
  address      varchar(45) NOT NULL,
  port         int NOT NULL,
  generation   int NOT NULL,
  siloname     text NOT NULL,
  hostname     text NOT NULL,
  status       int NOT NULL,
  proxyport    int,
  suspecttimes varchar(8000),
  starttime    timestamptz NOT NULL,
  iamalivetime timestamptz NOT NULL,
  PRIMARY KEY (deploymentid, address, port, generation)
);

INSERT INTO orleansquery (querykey, querytext) VALUES ('InsertMembershipVersionKey', $q$
WITH inserted AS (
  INSERT INTO orleansmembershipversiontable (deploymentid) VALUES (@DeploymentId::text)
  ON CONFLICT DO NOTHING
  RETURNING 1)
SELECT count(*)::int FROM inserted
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('InsertMembershipKey', $q$
WITH moved AS (
  UPDATE orleansmembershipversiontable SET "timestamp" = now(), version = version + 1
  WHERE deploymentid = @DeploymentId::text AND version = @Version::int
    AND NOT EXISTS (
      SELECT 1 FROM orleansmembershiptable
      WHERE deploymentid = @DeploymentId::text AND address = @Address::text AND port = @Port::int AND generation = @Generation::int)
  RETURNING deploymentid),
inserted AS (
  INSERT INTO orleansmembershiptable
    (deploymentid, address, port, generation, siloname, hostname, status, proxyport, starttime, iamalivetime)
  SELECT deploymentid, @Address::text, @Port::int, @Generation::int, @SiloName::text, @HostName::text, @Status::int, @ProxyPort::int,
    @StartTime::timestamptz, @IAmAliveTime::timestamptz
  FROM moved
  RETURNING 1)
SELECT count(*)::int FROM inserted
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('UpdateMembershipKey', $q$
WITH moved AS (
  UPDATE orleansmembershipversiontable SET "timestamp" = now(), version = version + 1
  WHERE deploymentid = @DeploymentId::text AND version = @Version::int
    AND EXISTS (
      SELECT 1 FROM orleansmembershiptable
      WHERE deploymentid = @DeploymentId::text AND address = @Address::text AND port = @Port::int AND generation = @Generation::int)
  RETURNING deploymentid),
updated AS (
  UPDATE orleansmembershiptable m
  SET status = @Status::int, suspecttimes = @SuspectTimes::text, iamalivetime = @IAmAliveTime::timestamptz
  FROM moved
  WHERE m.deploymentid = moved.deploymentid AND m.address = @Address::text AND m.port = @Port::int AND m.generation = @Generation::int
  RETURNING 1)
SELECT count(*)::int FROM updated
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('UpdateIAmAlivetimeKey', $q$
UPDATE orleansmembershiptable SET iamalivetime = @IAmAliveTime::timestamptz
WHERE deploymentid = @DeploymentId::text AND address = @Address::text AND port = @Port::int AND generation = @Generation::int
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('MembershipReadRowKey', $q$
SELECT v.deploymentid AS "DeploymentId", m.address AS "Address", m.port AS "Port", m.generation AS "Generation", m.siloname AS "SiloName",
  m.hostname AS "HostName", m.status AS "Status", m.proxyport AS "ProxyPort", m.suspecttimes AS "SuspectTimes",
  m.starttime AS "StartTime", m.iamalivetime AS "IAmAliveTime", v.version AS "Version"
FROM orleansmembershipversiontable v
LEFT JOIN orleansmembershiptable m
  ON m.deploymentid = v.deploymentid AND m.address = @Address::text AND m.port = @Port::int AND m.generation = @Generation::int
WHERE v.deploymentid = @DeploymentId::text
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('MembershipReadAllKey', $q$
SELECT v.deploymentid AS "DeploymentId", m.address AS "Address", m.port AS "Port", m.generation AS "Generation", m.siloname AS "SiloName",
  m.hostname AS "HostName", m.status AS "Status", m.proxyport AS "ProxyPort", m.suspecttimes AS "SuspectTimes",
  m.starttime AS "StartTime", m.iamalivetime AS "IAmAliveTime", v.version AS "Version"
FROM orleansmembershipversiontable v
LEFT JOIN orleansmembershiptable m ON m.deploymentid = v.deploymentid
WHERE v.deploymentid = @DeploymentId::text
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('GatewaysQueryKey', $q$
SELECT address AS "Address", proxyport AS "ProxyPort", generation AS "Generation"
FROM orleansmembershiptable
WHERE deploymentid = @DeploymentId::text AND status = @Status::int AND proxyport > 0
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('DeleteMembershipTableEntriesKey', $q$
WITH members AS (
  DELETE FROM orleansmembershiptable WHERE deploymentid = @DeploymentId::text RETURNING 1)
DELETE FROM orleansmembershipversiontable
WHERE deploymentid = @DeploymentId::text AND (SELECT count(*) FROM members) >= 0
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('CleanupDefunctSiloEntriesKey', $q$
DELETE FROM orleansmembershiptable
WHERE deploymentid = @DeploymentId::text AND iamalivetime < @IAmAliveTime::timestamptz AND status <> 3
$q$);

-- Reminders. Period in milliseconds; hashes are signed and the ring wraps.
CREATE TABLE orleansreminderstable (
  serviceid    text NOT NULL,
  grainid      text NOT NULL,
  remindername text NOT NULL,
  starttime    timestamptz NOT NULL,
  period       bigint NOT NULL,
  grainhash    int NOT NULL,
  version      int NOT NULL,
  PRIMARY KEY (serviceid, grainid, remindername)
);

CREATE INDEX orleansreminderstable_hash ON orleansreminderstable (serviceid, grainhash);

INSERT INTO orleansquery (querykey, querytext) VALUES ('UpsertReminderRowKey', $q$
INSERT INTO orleansreminderstable AS r (serviceid, grainid, remindername, starttime, period, grainhash, version)
VALUES (@ServiceId::text, @GrainId::text, @ReminderName::text, @StartTime::timestamptz, @Period::bigint, @GrainHash::int, 0)
ON CONFLICT (serviceid, grainid, remindername) DO UPDATE
SET starttime = EXCLUDED.starttime, period = EXCLUDED.period, grainhash = EXCLUDED.grainhash, version = r.version + 1
RETURNING version AS "Version"
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('ReadReminderRowKey', $q$
SELECT grainid AS "GrainId", remindername AS "ReminderName", starttime AS "StartTime", period AS "Period", version AS "Version"
FROM orleansreminderstable
WHERE serviceid = @ServiceId::text AND grainid = @GrainId::text AND remindername = @ReminderName::text
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('ReadReminderRowsKey', $q$
SELECT grainid AS "GrainId", remindername AS "ReminderName", starttime AS "StartTime", period AS "Period", version AS "Version"
FROM orleansreminderstable
WHERE serviceid = @ServiceId::text AND grainid = @GrainId::text
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('ReadRangeRows1Key', $q$
SELECT grainid AS "GrainId", remindername AS "ReminderName", starttime AS "StartTime", period AS "Period", version AS "Version"
FROM orleansreminderstable
WHERE serviceid = @ServiceId::text AND grainhash > @BeginHash::int AND grainhash <= @EndHash::int
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('ReadRangeRows2Key', $q$
SELECT grainid AS "GrainId", remindername AS "ReminderName", starttime AS "StartTime", period AS "Period", version AS "Version"
FROM orleansreminderstable
WHERE serviceid = @ServiceId::text AND (grainhash > @BeginHash::int OR grainhash <= @EndHash::int)
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('DeleteReminderRowKey', $q$
WITH deleted AS (
  DELETE FROM orleansreminderstable
  WHERE serviceid = @ServiceId::text AND grainid = @GrainId::text AND remindername = @ReminderName::text AND version = @Version::int
  RETURNING 1)
SELECT count(*)::int FROM deleted
$q$);

INSERT INTO orleansquery (querykey, querytext) VALUES ('DeleteReminderRowsKey', $q$
DELETE FROM orleansreminderstable WHERE serviceid = @ServiceId::text
$q$);
