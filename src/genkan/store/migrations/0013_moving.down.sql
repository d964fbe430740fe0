-- loses: nothing
ALTER TABLE site DROP COLUMN moved_to;
ALTER TABLE site DROP COLUMN move;
