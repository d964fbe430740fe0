-- loses: nothing
DROP INDEX stops_settled;
DROP INDEX accounts_administrators;
CREATE INDEX accounts_administrators ON accounts (permission) WHERE standing = 0 AND permission >= 3;
DROP INDEX segments_kept;
CREATE INDEX segments_kept ON segments (node, sequence) WHERE dropped_at IS NULL;
DROP INDEX identities_to_check;
CREATE INDEX identities_to_check ON identities (source, checked_at);
DROP INDEX identities_by_account;
CREATE UNIQUE INDEX identities_by_account ON identities (account, source);
DROP INDEX grants_by_link;
CREATE INDEX grants_by_link ON grants (link, id);
DROP INDEX grants_by_account;
CREATE INDEX grants_by_account ON grants (account, id);
