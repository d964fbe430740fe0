-- Who an account is in an organisation's own directory: source is the name of an upstream OpenID provider or LDAP
-- directory in the sign-on file, subject its never reused id there. checked_at: when the directory was last asked about
-- the person; missed_since: since when it gave no answer; held: the account's version as it was disabled until the
-- directory knows the person again; sealed: the provider's refresh token.
CREATE TABLE identities (
    source TEXT NOT NULL,
    subject TEXT NOT NULL,
    account INTEGER NOT NULL,
    label TEXT NOT NULL,
    linked_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    missed_since INTEGER,
    held INTEGER,
    sealed TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (source, subject)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX identities_by_account ON identities (account, source);
CREATE INDEX identities_to_check ON identities (source, checked_at);

-- When a directory last answered, and since when it does not.
CREATE TABLE sources (
    source TEXT PRIMARY KEY,
    reached_at INTEGER,
    missed_since INTEGER
) STRICT, WITHOUT ROWID;

-- By which directory a browser session was signed in, and that one's own session, for back-channel logout.
ALTER TABLE sessions ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN upstream_sid TEXT NOT NULL DEFAULT '';
CREATE INDEX sessions_by_upstream ON sessions (source, upstream_sid) WHERE upstream_sid <> '';
