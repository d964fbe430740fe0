-- Odd while one process holds the file's claim, under which it need not look at rows that it knows. Whoever writes without
-- knowing of claims would not break it: an older Genkan must not start here.
ALTER TABLE site ADD COLUMN claim INTEGER NOT NULL DEFAULT 0;
