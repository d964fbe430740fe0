-- Which ways to sign in a site and its links take (bits: 1 password, 2 passkey, 4 certificate, 8 corporate; a link with 0
-- takes the site's), and how many milliseconds old a sign-in may be.
ALTER TABLE site ADD COLUMN ways INTEGER NOT NULL DEFAULT 15;
ALTER TABLE site ADD COLUMN max_age INTEGER;
ALTER TABLE links ADD COLUMN ways INTEGER NOT NULL DEFAULT 0;
ALTER TABLE links ADD COLUMN max_age INTEGER;

-- Client certificates that somebody signed in with: what is needed to ask again whether they stand. The fingerprint is the
-- SHA-256 of the DER.
CREATE TABLE certificates (
    number INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    subject TEXT NOT NULL,
    leaf BLOB NOT NULL,
    issuer BLOB NOT NULL,
    not_after INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    checked_at INTEGER NOT NULL DEFAULT 0,
    revoked_at INTEGER
) STRICT;

CREATE INDEX certificates_by_account ON certificates (account);
CREATE INDEX certificates_to_check ON certificates (checked_at) WHERE revoked_at IS NULL;

-- Certificates and keys that an administrator tied to one account. kind: 0 SHA-256 of the SPKI, 1 issuer and serial
-- number, 2 subject.
CREATE TABLE certificate_pins (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    value BLOB NOT NULL,
    name TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    UNIQUE (kind, value)
) STRICT;

CREATE INDEX certificate_pins_by_account ON certificate_pins (account);

ALTER TABLE sessions ADD COLUMN certificate INTEGER;
ALTER TABLE grants ADD COLUMN certificate INTEGER;
CREATE INDEX sessions_by_certificate ON sessions (certificate) WHERE certificate IS NOT NULL;
CREATE INDEX grants_by_certificate ON grants (certificate, id) WHERE certificate IS NOT NULL AND state = 0;

-- What may be used once and was: the SHA-256 of it, until it would be dead by itself.
CREATE TABLE spent (
    digest BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_by_expiry ON spent (expires_at);
