-- The audit's keyed chain: what was sealed in one step, each head upon the one before. Retention deletes the lines of the
-- oldest segments and keeps the segments; dropped_at and dropped say that it was retention.
CREATE TABLE segments (
    node TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    count INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL,
    previous BLOB NOT NULL,
    rows BLOB NOT NULL,
    tags BLOB NOT NULL,
    head BLOB NOT NULL,
    dropped_at INTEGER,
    dropped BLOB NOT NULL,
    PRIMARY KEY (node, sequence)
) STRICT;

CREATE INDEX segments_kept ON segments (node, sequence) WHERE dropped_at IS NULL;
