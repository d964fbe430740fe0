-- loses: the base URL that the site was last served under, and when
ALTER TABLE site DROP COLUMN served_at;
ALTER TABLE site DROP COLUMN served_version;
ALTER TABLE site DROP COLUMN served_url;
