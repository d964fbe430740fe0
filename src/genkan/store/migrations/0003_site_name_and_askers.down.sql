-- loses: the site's name, and who asked how to sign in
DROP TABLE askers;
ALTER TABLE site DROP COLUMN title;
