-- loses: everything
DROP TABLE site, upkeep, accounts, passwords, links, consents, texts, grants, sessions, guesses, api_keys, stops, audit,
    tallies, nodes, segments, askers, recovery_links, certificates, certificate_pins, spent, passkeys, recovery_codes,
    failed_tries, identities, sources, phone_visits;
