-- The first schema. Times are milliseconds since the Unix epoch unless a comment says what they are counted from.
-- Accounts and links have a small number of their own beside their random 62-bit id: rows that are kept by the million
-- (grants, consents) name them by it, which keeps rows and indexes short.

CREATE TABLE site (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    site_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    ring_version INTEGER NOT NULL,
    ring_fingerprint BLOB NOT NULL,
    mobile_enabled INTEGER NOT NULL,
    mobile_link_id INTEGER,
    heal_until INTEGER NOT NULL,
    setup_digest BLOB,
    has_administrator INTEGER NOT NULL,
    behind_since INTEGER NOT NULL
) STRICT;

-- Where bounded upkeep goes on: the last grant that pruning looked at, and when its present or last walk began.
CREATE TABLE upkeep (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    prune_after BLOB,
    prune_began INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    number INTEGER PRIMARY KEY,
    id INTEGER NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    email TEXT NOT NULL,
    permission INTEGER NOT NULL,
    groups TEXT NOT NULL,
    standing INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    locale TEXT NOT NULL,
    time_zone TEXT NOT NULL
) STRICT;

CREATE INDEX accounts_administrators ON accounts (permission) WHERE standing = 0 AND permission >= 3;

CREATE TABLE passwords (
    account INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE links (
    number INTEGER PRIMARY KEY,
    id INTEGER NOT NULL UNIQUE,
    client_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    redirects TEXT NOT NULL,
    permission INTEGER NOT NULL,
    consent INTEGER NOT NULL,
    introspect INTEGER NOT NULL,
    pkce_required INTEGER NOT NULL,
    plain_pkce INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    absolute_lifetime INTEGER,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    secret BLOB,
    previous_secret BLOB,
    previous_secret_until INTEGER NOT NULL
) STRICT;

CREATE TABLE consents (
    account INTEGER NOT NULL,
    link INTEGER NOT NULL,
    mark INTEGER NOT NULL,
    scope INTEGER,
    given_at INTEGER NOT NULL,
    PRIMARY KEY (account, link)
) STRICT, WITHOUT ROWID;

-- Texts that many rows share: user agents, networks, reasons, actors. 0 stands for the empty text and has no row.
CREATE TABLE texts (
    id INTEGER PRIMARY KEY CHECK (id > 0),
    text TEXT NOT NULL UNIQUE
) STRICT;

-- One row per sign-in. created_at, rotated_at, auth_time, seen_at and last_seen are counted from the time in the id's
-- first six bytes; access_expires_at, refresh_expires_at and rotation_due from rotated_at. ended_at is a plain time.
-- No index may name a column that a refresh, a retry or a sighting writes.
CREATE TABLE grants (
    id BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    link INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    access_scope INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    previous_key_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    access_expires_at INTEGER NOT NULL,
    refresh_expires_at INTEGER NOT NULL,
    account_stop INTEGER NOT NULL,
    link_stop INTEGER NOT NULL,
    method INTEGER NOT NULL,
    auth_time INTEGER NOT NULL,
    device BLOB,
    user_agent INTEGER NOT NULL,
    address ANY NOT NULL,
    network INTEGER NOT NULL,
    seen_generation INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    retries INTEGER NOT NULL,
    rotation_due INTEGER NOT NULL,
    redirect BLOB NOT NULL,
    state INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    ended_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_by_account ON grants (account, id);
CREATE INDEX grants_by_link ON grants (link, id);
-- Finds the earlier sign-in of the same phone; four bytes of the mark tell one person's few phones apart, the row decides.
CREATE INDEX grants_by_device ON grants (account, substr(device, 1, 4)) WHERE device IS NOT NULL AND state = 0;

CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    account_stop INTEGER NOT NULL,
    method INTEGER NOT NULL,
    auth_time INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    user_agent INTEGER NOT NULL,
    address ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_account ON sessions (account);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE guesses (
    key BLOB PRIMARY KEY,
    due INTEGER NOT NULL,
    failures INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX guesses_by_due ON guesses (due);

CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    permission INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- Every raised stop until all rows it reaches say so themselves. subject: 0 account, 1 link, 2 key; number: the
-- account's, the link's, or the key's id; counter: the value raised to; after: the last grant that settling looked at.
CREATE TABLE stops (
    id INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL,
    number INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    at INTEGER NOT NULL,
    after BLOB NOT NULL DEFAULT x'',
    settled INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX stops_by_subject ON stops (subject, number, counter);
CREATE INDEX stops_to_settle ON stops (id) WHERE settled = 0;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    account_id INTEGER,
    link_id INTEGER,
    grant_id BLOB,
    address ANY NOT NULL,
    reason INTEGER NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE TABLE tallies (
    minute INTEGER NOT NULL,
    reason TEXT NOT NULL,
    network TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, reason, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE nodes (
    node TEXT PRIMARY KEY,
    ring_version INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
