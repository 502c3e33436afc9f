-- What a change has yet to tell the audit chain: a row comes with the change and goes with the chain's entry, each in one transaction.
CREATE TABLE intent (
  id      INTEGER PRIMARY KEY,
  payload BLOB NOT NULL
);
