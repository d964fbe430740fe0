DROP INDEX accounts_by_email;
