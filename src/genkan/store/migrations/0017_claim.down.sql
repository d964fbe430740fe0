-- loses: nothing
ALTER TABLE site DROP COLUMN claim;
