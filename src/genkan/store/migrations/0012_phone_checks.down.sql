DROP TABLE phone_visits;
