-- Not additive: the lists of a Genkan that does not say the conditions of these indexes would find none (0221).
-- Every row fulfils them. A statement that says one may use its index; to all others, such as the look-up of a grant by its
-- id, the index does not fit, however empty the table was when it was analysed.
DROP INDEX grants_by_account;
CREATE INDEX grants_by_account ON grants (account, id) WHERE account_stop >= 0;
DROP INDEX grants_by_link;
CREATE INDEX grants_by_link ON grants (link, id) WHERE link_stop >= 0;
-- Likewise: the look-up by source and subject says nothing of an account, and nothing else asks in words of this expression.
DROP INDEX identities_by_account;
CREATE UNIQUE INDEX identities_by_account ON identities (account, source) WHERE account IS NOT NULL;
DROP INDEX identities_to_check;
CREATE INDEX identities_to_check ON identities ((source || ''), checked_at);
-- The same as in SQLite (its 0014).
DROP INDEX segments_kept;
CREATE INDEX segments_kept ON segments (sequence) WHERE dropped_at IS NULL;
DROP INDEX accounts_administrators;
CREATE INDEX accounts_administrators ON accounts (permission) WHERE permission >= 3;
CREATE INDEX stops_settled ON stops (at) WHERE settled = 1;
