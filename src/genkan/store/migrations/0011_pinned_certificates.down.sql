-- loses: when pinned certificates end, and what they are
ALTER TABLE certificate_pins DROP COLUMN not_after;
ALTER TABLE certificate_pins DROP COLUMN fingerprint;
