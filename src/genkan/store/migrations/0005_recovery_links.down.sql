-- loses: one-time links that wait
DROP TABLE recovery_links;
