-- additive
-- When the site was last restored from a backup, 0 for never: a token of before without its row, or ahead of it, proves no
-- loss that nobody has decided on (tokens.md 8).
ALTER TABLE site ADD COLUMN restored_at INTEGER NOT NULL DEFAULT 0;
