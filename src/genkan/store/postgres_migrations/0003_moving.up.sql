-- Not additive: a Genkan that knows nothing of moves would serve a site that is elsewhere.
-- A move from another database (genkan migrate-store): its id stands here until the site is opened in this one.
ALTER TABLE site ADD COLUMN move bytea, ADD COLUMN moved_to text COLLATE "C" NOT NULL DEFAULT '';
