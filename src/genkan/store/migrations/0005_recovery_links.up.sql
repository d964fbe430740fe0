-- One-time links by which a person sets a password: one an account, found by the SHA-256 of its token.
CREATE TABLE recovery_links (
    account INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    account_stop INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX recovery_links_by_expiry ON recovery_links (expires_at);
