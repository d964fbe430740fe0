-- Not additive: an index that statements name is another one.
-- The segments that are kept by their number alone, as PostgreSQL must have it (its 0004, 0221): there is one chain.
DROP INDEX segments_kept;
CREATE INDEX segments_kept ON segments (sequence) WHERE dropped_at IS NULL;
-- Asked in words of its own, so that it is nobody else's (0221).
DROP INDEX identities_to_check;
CREATE INDEX identities_to_check ON identities (source || '', checked_at);
-- Of the disabled, too: whose certificates they showed is asked.
DROP INDEX accounts_administrators;
CREATE INDEX accounts_administrators ON accounts (permission) WHERE permission >= 3;
-- What pruning takes away. Where everybody was signed out there are as many others as there are people.
CREATE INDEX stops_settled ON stops (at) WHERE settled = 1;
