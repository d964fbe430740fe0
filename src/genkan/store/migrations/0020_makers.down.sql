-- loses: who made and adopted API keys, which then work whatever becomes of them, and who handed out one-time links
DROP INDEX recovery_links_by_maker;
ALTER TABLE recovery_links DROP COLUMN maker;
ALTER TABLE api_keys DROP COLUMN adopted_at;
ALTER TABLE api_keys DROP COLUMN adopted_by;
ALTER TABLE api_keys DROP COLUMN maker;
