-- loses: nothing
DROP INDEX accounts_by_email;
