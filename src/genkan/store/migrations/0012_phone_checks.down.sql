-- loses: what phones told of themselves
DROP TABLE phone_visits;
