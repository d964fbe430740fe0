-- loses: the seals of the audit
DROP TABLE segments;
