-- loses: when the time had last gone on by more than a day at once, and so the hour in which nothing is removed
ALTER TABLE upkeep DROP COLUMN leapt_at;
ALTER TABLE upkeep DROP COLUMN told_at;
