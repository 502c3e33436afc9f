-- Which database this is, for marks and backups.
CREATE TABLE store (id text NOT NULL);
INSERT INTO store (id) VALUES (replace(gen_random_uuid()::text, '-', ''));
