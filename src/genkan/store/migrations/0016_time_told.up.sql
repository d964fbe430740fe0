-- additive
-- The time as a process last told it, and when it had last gone on by more than a day since the time told before; 0 for never.
-- Nothing is removed in the hour after such a leap.
ALTER TABLE upkeep ADD COLUMN told_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE upkeep ADD COLUMN leapt_at INTEGER NOT NULL DEFAULT 0;
