-- loses: nothing
DROP INDEX audit_by_grant;
DROP INDEX grants_ended;
