-- loses: when the site was founded, when it was last backed up, and when its clock was last said to be right
ALTER TABLE site DROP COLUMN clock_accepted_at;
ALTER TABLE site DROP COLUMN backed_up_at;
ALTER TABLE site DROP COLUMN founded_at;
