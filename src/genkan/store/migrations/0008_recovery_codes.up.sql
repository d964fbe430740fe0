-- One-time recovery codes: of each only the SHA-256.
CREATE TABLE recovery_codes (
    account INTEGER NOT NULL,
    digest BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (account, digest)
) STRICT, WITHOUT ROWID;

-- What a person is told at the next sign-in: tries that failed, and a recovery code that was used, since they said that
-- they have seen it.
CREATE TABLE failed_tries (
    account INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    network TEXT NOT NULL,
    code_used_at INTEGER
) STRICT;
