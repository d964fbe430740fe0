-- Passkeys (WebAuthn credentials): one row a credential, found by its id. transports is a JSON list; attested: the AAGUID was
-- proved by an attestation and is not only what the key said of itself. cloned_at: when its counter went backwards, 0 for never.
CREATE TABLE passkeys (
    id BLOB PRIMARY KEY,
    account INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    counter INTEGER NOT NULL,
    name TEXT NOT NULL,
    aaguid BLOB NOT NULL,
    transports TEXT NOT NULL,
    rp_id TEXT NOT NULL,
    backup_eligible INTEGER NOT NULL,
    backed_up INTEGER NOT NULL,
    attested INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    cloned_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX passkeys_by_account ON passkeys (account);
