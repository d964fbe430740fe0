-- loses: when the site was last restored from a backup
ALTER TABLE site DROP COLUMN restored_at;
