-- loses: passkeys
DROP TABLE passkeys;
