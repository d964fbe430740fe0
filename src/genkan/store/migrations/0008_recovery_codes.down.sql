DROP TABLE failed_tries;
DROP TABLE recovery_codes;
