"""What every statement of the store does on PostgreSQL (tests/store/plans.py says how it is told). Those that read no
table are not here.
"""

EXPECTED = {
    "postgres_hot._LINKS": "all of links sort",
    "postgres_hot._GRANT_FACTS": "accounts_pkey(number) grants_pkey(id)",
    "postgres_hot._CODE_FACTS": (
        "accounts_id_key(id) accounts_pkey(number) consents_pkey(account, link) grants_pkey(id) links_id_key(id)"
    ),
    "postgres_hot._SESSION_FACTS": "accounts_pkey(number) sessions_pkey(id)",
    "postgres_hot._VISIT_FACTS": (
        "accounts_pkey(number) consents_pkey(account, link) links_id_key(id) sessions_pkey(id)"
    ),
    "postgres_hot._CONSENT": "accounts_id_key(id) consents_pkey(account, link) links_id_key(id)",
    "postgres_hot._ACCOUNT": "accounts_id_key(id)",
    "postgres_hot._ACCOUNT_BY_NAME": "accounts_folded_key(folded)",
    "postgres_hot._PASSWORD": "accounts_folded_key(folded) guesses_pkey(key) passwords_pkey(account)",
    "postgres_hot._API_KEY": "accounts_id_key(id) api_keys_digest_key(digest)",
    "postgres_notes._SIGHT": "grants_pkey(id)",
    "postgres_notes._TOUCH": "sessions_pkey(id)",
    "postgres_tokens.REDEEM": (
        "accounts_id_key(id) certificates_pkey(number) consents_pkey(account, link) links_id_key(id) sort "
        "stops_by_subject(subject, number)"
    ),
    "postgres_tokens.REPLACE": (
        "accounts_id_key(id) grants_by_device(account, substr(device, 1, 4)) grants_pkey(id) links_id_key(id)"
    ),
    "postgres_tokens.ROTATE": "grants_pkey(id) stops_by_subject(subject, number)",
    "postgres_tokens.RETRY": "grants_pkey(id)",
    "postgres_tokens.END": "grants_pkey(id)",
    "postgres_texts.FIND": "texts_text_key(text)",
    "postgres_texts._READ": "texts_pkey(id)",
    "postgres_texts._FIND": "texts_text_key(text)",
    "postgres_texts._WANT": "texts_text_key(text)",
    "postgres_texts._WANT_ONE": "texts_text_key(text)",
    "postgres_texts._ADD": "sort",
    "postgres_sweep._IS_DUE": "texts_pkey()+",
    "postgres_sweep._DOUBT": "texts_pkey(id) texts_pkey(~id)+",
    "postgres_sweep._WANTED": "texts_pkey(id)",
    "postgres_sweep._DROP": "texts_doubted()+ texts_pkey(id)",
    "sqlite_audit._LINES": "audit_pkey(~id)+ texts_pkey(id)+ texts_pkey(id)+ texts_pkey(id)+",
    "sqlite_audit._OF_GRANT": "audit_by_grant(~grant_id)+ texts_pkey(id)+ texts_pkey(id)+ texts_pkey(id)+",
    "sqlite_audit._NEWER": "audit_pkey(~id)+ texts_pkey(id)+ texts_pkey(id)+ texts_pkey(id)+",
    "sqlite_audit._OLDER": "audit_pkey(~id)+ texts_pkey(id)+ texts_pkey(id)+ texts_pkey(id)+",
    "sqlite_audit._FAR_NEWER": "audit_pkey(~id)+",
    "sqlite_audit._FAR_OLDER": "audit_pkey(~id)+",
    "sqlite_audit._TEXT_ID": "texts_text_key(text)",
    "sqlite_audit._SEGMENTS": "segments_pkey(node, ~sequence)+",
    "sqlite_audit._LAST_SEGMENT": "segments_pkey(node)+",
    "sqlite_audit._OLDEST_KEPT": "segments_kept()+",
    "sqlite_audit._SEAL": "segments_pkey(node)+",
    "sqlite_audit._DROP": "segments_pkey(node, sequence) segments_pkey(node, ~sequence)",
    "sqlite_audit._DELETE": "audit_pkey(~id)",
    "sqlite_cache._LINKS": "all of links sort",
    "sqlite_certificates.ADD_PIN": "accounts_id_key(id) certificate_pins_by_account(account)",
    "sqlite_certificates.DROP_PIN": "accounts_id_key(id) certificate_pins_pkey(id)",
    "sqlite_certificates.KEEP": "accounts_id_key(id)",
    "sqlite_certificates.KEEP_KNOWN": (
        "accounts_id_key(id) accounts_id_key(id) certificates_fingerprint_key(fingerprint)"
    ),
    "sqlite_certificates.REVOKE": "certificates_pkey(number)",
    "sqlite_certificates.END_SESSIONS": "sessions_by_certificate(certificate)",
    "sqlite_certificates.END_GRANTS": "grants_by_certificate(certificate)",
    "sqlite_certificates.MARK_CHECKED": "certificates_pkey(number)",
    "sqlite_certificates.FORGET_PINS": "accounts_id_key(id) certificate_pins_by_account(account)",
    "sqlite_certificates.FORGET": "accounts_id_key(id) certificates_by_account(account)",
    "sqlite_certificates._PINS": "accounts_id_key(id) certificate_pins_by_account(account) sort",
    "sqlite_certificates._KNOWN": "accounts_pkey(number) certificates_fingerprint_key(fingerprint)",
    "sqlite_certificates._KNOWN_OF": "accounts_id_key(id) certificates_by_account(account) sort",
    "sqlite_certificates._OF_ADMINISTRATORS": "accounts_administrators() certificates_by_account(account) sort",
    "sqlite_certificates._NUMBERED": "accounts_pkey(number) certificates_pkey(number)",
    "sqlite_certificates._DUE": (
        "accounts_pkey(number)+ certificates_to_check(~checked_at)+ grants_by_certificate(certificate)+ "
        "sessions_by_certificate(certificate)+"
    ),
    "sqlite_identities._ADD": "accounts_id_key(id)",
    "sqlite_identities._PUT": "accounts_pkey(number) identities_pkey(source, subject)",
    "sqlite_identities._REMOVE": "accounts_pkey(number) identities_pkey(source, subject)",
    "sqlite_identities._IDENTITY": "accounts_pkey(number) identities_pkey(source, subject)",
    "sqlite_identities._IDENTITIES_OF": "accounts_id_key(id) identities_by_account(account) sort",
    "sqlite_identities._DUE": "accounts_pkey(number)+ identities_to_check((source || ''::text), ~checked_at)+",
    "sqlite_identities._STATES": "sources_pkey()",
    "sqlite_identities._UPSTREAM_SESSIONS": "accounts_pkey(number)+ sessions_by_upstream(source, upstream_sid)+",
    "sqlite_lists._ACCOUNT": "accounts_id_key(id)",
    "sqlite_lists._ACCOUNT_BY_NAME": "accounts_folded_key(folded)",
    "sqlite_lists._ACCOUNTS": "accounts_folded_key(~folded)+",
    "sqlite_lists._PASSWORD": "accounts_folded_key(folded) passwords_pkey(account)",
    "sqlite_lists._GUESSES": "guesses_pkey(key)",
    "sqlite_lists._CONSENTS": "accounts_id_key(id) consents_pkey(account) links_pkey(number) sort",
    "postgres_hot.API_KEY": "accounts_id_key(id) api_keys_digest_key(digest)",
    "sqlite_recovery.FELL": "accounts_pkey(number) recovery_links_by_maker(maker)",
    "sqlite_recovery.MAY": "accounts_id_key(id)",
    "sqlite_lists.API_KEY": "accounts_id_key(id) api_keys_digest_key(digest)",
    "sqlite_lists._API_KEYS": "accounts_id_key(id) all of api_keys sort",
    "sqlite_lists._EVENTS": "audit_pkey(~id)+",
    "sqlite_lists._LAST_EVENT": "audit_pkey(~id)+",
    "sqlite_lists._TALLIES": "sort tallies_pkey()+ tallies_pkey(~minute)",
    "sqlite_lists._ASKERS": "askers_by_last(~last_at)+",
    "sqlite_lists._NODES": "nodes_pkey()",
    "sqlite_lists._PHONE": (
        "accounts_pkey(number) grants_pkey(id) links_pkey(number) sort stops_by_subject(subject, number, "
        "counter)+ stops_by_subject(subject, number, counter)+ stops_by_subject(subject, number, counter)+"
    ),
    "sqlite_lists._PHONES": (
        "accounts_pkey(number)+ grants_pkey(~id)+ links_pkey(number)+ sort stops_by_subject(subject, number, "
        "counter)+ stops_by_subject(subject, number, counter)+ stops_by_subject(subject, number, counter)+"
    ),
    "sqlite_lists._PHONES_UP": (
        "accounts_pkey(number)+ grants_pkey(~id)+ links_pkey(number)+ sort stops_by_subject(subject, number, "
        "counter)+ stops_by_subject(subject, number, counter)+ stops_by_subject(subject, number, counter)+"
    ),
    "sqlite_lists._PHONES_OF_ACCOUNT": (
        "accounts_id_key(id)+ accounts_id_key(id)+ accounts_pkey(number)+ grants_by_account(~account, ~id)+ "
        "links_pkey(number)+ sort stops_by_subject(subject, number, counter)+ stops_by_subject(subject, "
        "number, counter)+ stops_by_subject(subject, number, counter)+"
    ),
    "sqlite_lists._PHONES_OF_ACCOUNT_UP": (
        "accounts_id_key(id)+ accounts_id_key(id)+ accounts_pkey(number)+ grants_by_account(~account, ~id)+ "
        "links_pkey(number)+ sort stops_by_subject(subject, number, counter)+ stops_by_subject(subject, "
        "number, counter)+ stops_by_subject(subject, number, counter)+"
    ),
    "sqlite_lists._PHONES_OF_LINK": (
        "accounts_pkey(number)+ grants_by_link(~link, ~id)+ links_id_key(id)+ links_id_key(id)+ "
        "links_pkey(number)+ sort stops_by_subject(subject, number, counter)+ stops_by_subject(subject, "
        "number, counter)+ stops_by_subject(subject, number, counter)+"
    ),
    "sqlite_lists._PHONES_OF_LINK_UP": (
        "accounts_pkey(number)+ grants_by_link(~link, ~id)+ links_id_key(id)+ links_id_key(id)+ "
        "links_pkey(number)+ sort stops_by_subject(subject, number, counter)+ stops_by_subject(subject, "
        "number, counter)+ stops_by_subject(subject, number, counter)+"
    ),
    "sqlite_passkeys.ONE": "accounts_pkey(number) passkeys_pkey(id)",
    "sqlite_passkeys.OF_ACCOUNT": "accounts_id_key(id) passkeys_by_account(account) sort",
    "sqlite_passkeys._ADD": "accounts_id_key(id) passkeys_by_account(account)",
    "sqlite_passkeys._USE": "accounts_id_key(id) passkeys_pkey(id)",
    "sqlite_passkeys._MARK": "accounts_id_key(id) passkeys_pkey(id)",
    "sqlite_passkeys._RENAME": "accounts_id_key(id) passkeys_pkey(id)",
    "sqlite_passkeys._REMOVE": "accounts_id_key(id) passkeys_pkey(id)",
    "sqlite_passkeys._DROP": "accounts_id_key(id) passkeys_by_account(account)",
    "sqlite_people._HORIZON": "accounts_folded_key(~folded)+",
    "sqlite_people._PEOPLE": "accounts_folded_key(~folded)+",
    "sqlite_people._PASSWORD_SET_AT": "accounts_id_key(id) passwords_pkey(account)",
    "sqlite_people._SESSIONS": "accounts_id_key(id)+ sessions_by_account(account)+",
    "sqlite_people._RECOVERY": "accounts_pkey(number) recovery_links_digest_key(digest)",
    "sqlite_people._RECOVERY_OF": "accounts_id_key(id) recovery_links_pkey(account)",
    "sqlite_people._CODES": "accounts_id_key(id) recovery_codes_pkey(account)",
    "sqlite_people._HAS_CODE": "accounts_id_key(id) recovery_codes_pkey(account)",
    "sqlite_people._IS_SPENT": "spent_pkey(digest)",
    "sqlite_people._FAILED_TRIES": "accounts_id_key(id) failed_tries_pkey(account)",
    "sqlite_people._USED_BY_ACCOUNT": (
        "accounts_id_key(id)+ accounts_id_key(id)+ accounts_pkey(number)+ grants_by_account(~account)+ "
        "links_pkey(number)+"
    ),
    "sqlite_people._USED_BY_LINK": (
        "accounts_pkey(number)+ grants_by_link(~link)+ links_id_key(id)+ links_id_key(id)+ links_pkey(number)+"
    ),
    "sqlite_people._UNSETTLED": "stops_to_settle()+",
    "sqlite_phone_checks._ADD": "phone_visits_by_check(check_id)",
    "sqlite_phone_checks._PUT": "phone_visits_pkey(id)",
    "sqlite_phone_checks._ONE": "phone_visits_pkey(id)",
    "sqlite_phone_checks._OF_CHECK": "phone_visits_by_check(check_id)+",
    "sqlite_phones._SEARCH_LINK": "accounts_pkey(number)+ grants_by_link(~link, ~id)+",
    "sqlite_phones._SEARCH_LINK_UP": "accounts_pkey(number)+ grants_by_link(~link, ~id)+",
    "sqlite_phones._SEARCH_ENDED": "accounts_pkey(number)+ grants_ended(~link, ~id)+",
    "sqlite_phones._SEARCH_ENDED_UP": "accounts_pkey(number)+ grants_ended(~link, ~id)+",
    "sqlite_phones._SEARCH_PERSON": "accounts_pkey(number)+ grants_by_account(~account, ~id)+",
    "sqlite_phones._SEARCH_PERSON_UP": "accounts_pkey(number)+ grants_by_account(~account, ~id)+",
    "sqlite_phones._PEOPLE_NAMED": "accounts_folded_key(~folded)+",
    "sqlite_phones._PERSON": "accounts_id_key(id)",
    "sqlite_phones._UNSETTLED": "stops_to_settle()+",
    "sqlite_recovery.PUT": "accounts_id_key(id)",
    "sqlite_recovery.USE": "accounts_id_key(id) recovery_links_digest_key(digest)",
    "sqlite_recovery.RAISED": "accounts_id_key(id) recovery_links_pkey(account)",
    "sqlite_recovery.DROP": "accounts_id_key(id) recovery_links_pkey(account)",
    "sqlite_recovery.NEED_PASSWORD": "accounts_id_key(id) passwords_pkey(account)",
    "sqlite_sign_in.NUMBER": "accounts_id_key(id)",
    "sqlite_sign_in.FORGET_CODES": "recovery_codes_pkey(account)",
    "sqlite_sign_in.USE_CODE": "accounts_id_key(id) recovery_codes_pkey(account, digest)",
    "sqlite_sign_in.NOTE_TRY": "accounts_id_key(id)",
    "sqlite_sign_in.NOTE_CODE": "accounts_id_key(id)",
    "sqlite_sign_in.SIGNED_IN": "sessions_pkey(id)",
    "sqlite_sign_in.FORGET_TRIES": "accounts_id_key(id) failed_tries_pkey(account)",
    "sqlite_steps._PUT_ACCOUNT": "accounts_folded_key(folded) accounts_id_key(id)",
    "sqlite_steps._SET_PASSWORD": "accounts_id_key(id)",
    "sqlite_steps._NO_PASSWORD": "accounts_id_key(id) passwords_pkey(account)",
    "sqlite_steps._PUT_LINK": "links_id_key(id)",
    "sqlite_steps._END_UNDER": "accounts_id_key(id) grants_by_account(account) links_id_key(id)",
    "sqlite_steps._CONSENT": "accounts_id_key(id) consents_pkey(account, link) links_id_key(id)",
    "sqlite_steps._OPEN_SESSION": "accounts_id_key(id)",
    "sqlite_steps._CLOSE_SESSION": "sessions_pkey(id)",
    "sqlite_steps._PUT_GUESSES": "guesses_pkey(key)",
    "sqlite_steps._FORGET_GUESSES": "guesses_pkey(key)",
    "sqlite_steps._ADOPT_KEY": "api_keys_pkey(id)",
    "sqlite_steps._REVOKE_KEY": "api_keys_pkey(id)",
    "sqlite_steps._ADMINISTRATOR": "accounts_administrators()",
    "sqlite_steps._NUMBER": "accounts_id_key(id)",
    "sqlite_steps._ERASE_GRANTS": "grants_by_account(account)",
    "sqlite_steps._ERASE_SESSIONS": "sessions_by_account(account)",
    "sqlite_steps._ERASE_CONSENTS": "consents_pkey(account)",
    "sqlite_steps._ERASE_IDENTITIES": "identities_by_account(account)",
    "sqlite_steps._ERASE_TRIES": "failed_tries_pkey(account)",
    "sqlite_steps._ERASE_CODES": "recovery_codes_pkey(account)",
    "sqlite_stops._RAISE_ACCOUNT": "accounts_id_key(id)",
    "sqlite_stops._RAISE_LINK": "links_id_key(id)",
    "sqlite_stops._RAISE_ALL": "all of accounts",
    "sqlite_stops._LOG_ACCOUNT": "accounts_id_key(id)",
    "sqlite_stops._LOG_LINK": "links_id_key(id)",
    "sqlite_stops._LOG_ALL": "all of accounts",
    "sqlite_stops.NEXT_STOP": "stops_to_settle()+",
    "sqlite_stops._WALK_ACCOUNT": "grants_by_account(~account, ~id)+",
    "sqlite_stops._WALK_LINK": "grants_by_link(~link, ~id)+",
    "sqlite_stops._WALK_ALL": "grants_pkey(~id)+",
    "sqlite_stops._END_BY_ACCOUNT": "grants_by_account(~account, ~id)",
    "sqlite_stops._END_BY_LINK": "grants_by_link(~link, ~id)",
    "sqlite_stops._END_BY_KEY": "grants_pkey(~id)",
    "sqlite_stops._DELETE_SESSIONS": "sessions_by_account(account)+ sessions_pkey(id)",
    "sqlite_stops._MOVE_ON": "stops_pkey(id)",
    "sqlite_stops._SETTLED": "stops_pkey(id)",
    "sqlite_texts.FIND": "texts_text_key(text)",
    "sqlite_texts._READ": "texts_pkey(id)",
    "sqlite_tokens._END": "grants_pkey(id)",
    "sqlite_upkeep._SESSIONS": "sessions_by_expiry(~expires_at)+ sessions_pkey(id)",
    "sqlite_upkeep._RECOVERY_LINKS": "recovery_links_by_expiry(~expires_at)+ recovery_links_pkey(account)",
    "sqlite_upkeep._PHONE_VISITS": "phone_visits_pkey(id) phone_visits_to_prune(~expires_at)+",
    "sqlite_upkeep._SPENT": "spent_by_expiry(~expires_at)+ spent_pkey(digest)",
    "sqlite_upkeep._GUESSES": "guesses_by_due(~due)+ guesses_pkey(key)",
    "sqlite_upkeep._TALLIES": "tallies_pkey(minute) tallies_pkey(~minute)+",
    "sqlite_upkeep._STOPS": "stops_pkey(id) stops_settled(~at)+",
    "sqlite_upkeep._NODES": "all of nodes",
    "sqlite_upkeep._ASKERS": "askers_by_last(last_at) askers_by_last(~last_at)+",
    "sqlite_upkeep._TOO_MANY_ASKERS": "askers_by_last()+ askers_by_last(~last_at)",
    "sqlite_upkeep._OLD": "grants_pkey(~id)+",
    "sqlite_upkeep._DELETE": "grants_pkey(id)",
    "sqlite_upkeep._LATEST": "all of nodes",
    "sqlite_ways._PERSON": (
        "accounts_id_key(id) certificate_pins_by_account(account)+ "
        "certificates_fingerprint_key(fingerprint)+ identities_by_account(account)+ "
        "identities_by_account(account)+ passkeys_by_account(account)+ passwords_pkey(account)+"
    ),
    "sqlite_ways._ADMINISTRATOR": (
        "accounts_administrators(~permission) certificate_pins_by_account(account)+ "
        "certificates_fingerprint_key(fingerprint)+ identities_by_account(account)+ "
        "identities_by_account(account)+ passkeys_by_account(account)+ passwords_pkey(account)+"
    ),
    "sqlite_ways._SHOWN_BY_PERSON": (
        "accounts_id_key(id) accounts_id_key(id) certificate_pins_by_account(account) "
        "certificates_by_account(account) certificates_fingerprint_key(fingerprint) sort"
    ),
    "sqlite_ways._SHOWN_BY_ADMINISTRATOR": (
        "accounts_administrators(~permission) accounts_administrators(~permission) "
        "certificate_pins_by_account(account) certificates_by_account(account) "
        "certificates_fingerprint_key(fingerprint) sort"
    ),
    "sqlite_ways._PINNED": "accounts_pkey(number) certificate_pins_kind_value_key(kind, value)",
    "sqlite_ways._BY_EMAIL": "accounts_by_email(lower(email))+",
    "sqlite_ways._BY_NAME": "accounts_folded_key(folded)",
    "sweep.0": "stops_pkey(~id)+",
    "sweep.1": "sessions_pkey(~id)+",
    "sweep.2": "grants_pkey(~id)+",
    "sweep.3": "audit_pkey(~id)+",
    "sweep.4": "stops_pkey()+",
    "sweep.5": "sessions_pkey()+",
    "sweep.6": "grants_pkey()+",
    "sweep.7": "audit_pkey()+",
}
