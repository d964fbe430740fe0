DROP TABLE recovery_links;
