-- Not additive: a Genkan that knows nothing of moves would serve a site that is elsewhere.
-- A move to another database (genkan migrate-store): its random id from its beginning on, and where the site went once it
-- is done. In a database that a move has filled and not yet opened, the id stands alone.
ALTER TABLE site ADD COLUMN move BLOB;
ALTER TABLE site ADD COLUMN moved_to TEXT NOT NULL DEFAULT '';
