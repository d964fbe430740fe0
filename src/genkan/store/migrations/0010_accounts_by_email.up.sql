-- A certificate or a provider may name a person by an e-mail address, whatever the case of its letters.
CREATE INDEX accounts_by_email ON accounts (email COLLATE NOCASE) WHERE email <> '';
