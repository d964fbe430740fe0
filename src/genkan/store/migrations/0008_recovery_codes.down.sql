-- loses: recovery codes and failed tries
DROP TABLE failed_tries;
DROP TABLE recovery_codes;
