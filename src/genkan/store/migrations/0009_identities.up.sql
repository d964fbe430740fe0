-- Who an account is in an organisation's own directory: source is the name of an upstream OpenID provider or LDAP
-- directory in the settings, subject its never reused id there. checked_at: when the directory last said that the person is
-- there; missed_since: since when it could not be asked.
CREATE TABLE identities (
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    account INTEGER NOT NULL,
    linked_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    missed_since INTEGER,
    PRIMARY KEY (source, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_by_account ON identities (account);
CREATE INDEX identities_to_check ON identities (source, checked_at);
