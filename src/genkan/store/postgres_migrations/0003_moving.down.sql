-- loses: nothing
ALTER TABLE site DROP COLUMN moved_to, DROP COLUMN move;
