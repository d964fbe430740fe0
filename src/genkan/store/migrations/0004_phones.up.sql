-- What the console asks of phones without looking at all of them: those of a link that have ended, and what the audit
-- tells of one. A refresh writes neither; a sign-in appends to the second.
CREATE INDEX grants_ended ON grants (link, id) WHERE state = 1;
CREATE INDEX audit_by_grant ON audit (grant_id, id) WHERE grant_id IS NOT NULL;
