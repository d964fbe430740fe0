-- loses: nothing
ALTER TABLE upkeep DROP COLUMN texts_swept;
ALTER TABLE upkeep DROP COLUMN texts_epoch;
DROP INDEX texts_doubted;
ALTER TABLE texts DROP COLUMN doubted;
