-- additive
-- When the site was founded, when a backup was last made and found good, and when an operator last said that the machine's clock
-- is right; each 0 for never, or before this was kept.
ALTER TABLE site ADD COLUMN founded_at bigint NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN backed_up_at bigint NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN clock_accepted_at bigint NOT NULL DEFAULT 0;
