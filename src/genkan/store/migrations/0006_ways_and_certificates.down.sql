-- loses: known and pinned certificates, and the ways to sign in that links ask for
DROP TABLE spent;
DROP INDEX grants_by_certificate;
DROP INDEX sessions_by_certificate;
ALTER TABLE grants DROP COLUMN certificate;
ALTER TABLE sessions DROP COLUMN certificate;
DROP TABLE certificate_pins;
DROP TABLE certificates;
ALTER TABLE links DROP COLUMN max_age;
ALTER TABLE links DROP COLUMN ways;
ALTER TABLE site DROP COLUMN max_age;
ALTER TABLE site DROP COLUMN ways;
