-- additive
-- What the process that served the site last announced, for commands that print addresses: its base URL, its version, and
-- when it started (0 for never).
ALTER TABLE site ADD COLUMN served_url text NOT NULL DEFAULT '';
ALTER TABLE site ADD COLUMN served_version text NOT NULL DEFAULT '';
ALTER TABLE site ADD COLUMN served_at bigint NOT NULL DEFAULT 0;
