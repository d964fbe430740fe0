-- additive
-- Which texts a sweep has found no row for so far; under which epoch numbers of texts are known, and when one was begun.
ALTER TABLE texts ADD COLUMN doubted boolean NOT NULL DEFAULT FALSE;
CREATE INDEX texts_doubted ON texts (id) WHERE doubted;
ALTER TABLE upkeep ADD COLUMN texts_epoch bigint NOT NULL DEFAULT 1;
ALTER TABLE upkeep ADD COLUMN texts_swept bigint NOT NULL DEFAULT 0;
