-- additive
-- Who answers for an API key: the account that made it (0: the machine itself; NULL: made before this was kept), and the
-- system administrator who adopted it since. Who handed out a one-time link, with whose right it falls; NULL: the machine.
ALTER TABLE api_keys ADD COLUMN maker bigint DEFAULT NULL;
ALTER TABLE api_keys ADD COLUMN adopted_by bigint DEFAULT NULL;
ALTER TABLE api_keys ADD COLUMN adopted_at bigint DEFAULT NULL;
ALTER TABLE recovery_links ADD COLUMN maker bigint DEFAULT NULL;
CREATE INDEX recovery_links_by_maker ON recovery_links (maker);
