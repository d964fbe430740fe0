-- What phones told that opened the address of a check: at most a few visits a check, and for a day. told is JSON of the
-- doctor's own.
CREATE TABLE phone_visits (
    id BLOB PRIMARY KEY,
    check_id BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    told TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX phone_visits_by_check ON phone_visits (check_id, made_at);
CREATE INDEX phone_visits_to_prune ON phone_visits (expires_at);
