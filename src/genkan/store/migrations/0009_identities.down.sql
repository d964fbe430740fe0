-- loses: who is who at the organisation's own sign-in
DROP INDEX sessions_by_upstream;
ALTER TABLE sessions DROP COLUMN upstream_sid;
ALTER TABLE sessions DROP COLUMN source;
DROP TABLE sources;
DROP TABLE identities;
