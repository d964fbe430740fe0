-- What administrators named the site; empty while nobody has.
ALTER TABLE site ADD COLUMN title TEXT NOT NULL DEFAULT '';

-- Who asked how to sign in (info/login) lately: one row a user agent and network. Texts stand here and not in texts: the
-- rows are few, and what strangers send is gone with them.
CREATE TABLE askers (
    user_agent TEXT NOT NULL,
    network TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (user_agent, network)
) STRICT, WITHOUT ROWID;

CREATE INDEX askers_by_last ON askers (last_at);
