-- Which certificate was tied by a pin and until when it is good (NULL: not known), so that one that is over or was ended
-- counts for no way in.
ALTER TABLE certificate_pins ADD COLUMN fingerprint BLOB NOT NULL DEFAULT x'';
ALTER TABLE certificate_pins ADD COLUMN not_after INTEGER;
