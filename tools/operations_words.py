"""What the console says of the audit, of its filters, of health and of API keys, from the tables that say it."""

from itertools import chain

from genkan.protocol.event_words import (
    ACTOR_WORDS,
    EVENT_NAMES,
    EVENT_SENTENCES,
    EVERYONE,
    GROUP_NAMES,
    UNKNOWN_EVENT,
)
from genkan.protocol.finding_words import ALL, TOPICS
from genkan.site.admin import api_key_pages, audit_filters, audit_pages, health_pages
from genkan.site.api import checks, request_seen


def operations_words() -> list[str]:
    """Every sentence of these tables."""
    tables = (
        EVENT_SENTENCES,
        EVENT_NAMES,
        GROUP_NAMES,
        ACTOR_WORDS,
        audit_pages.TABS,
        TOPICS,
        checks.WORDS,
        checks.NAMES,
        request_seen.WORDS,
        health_pages.REMEDY_WORDS,
    )
    advice = [text for words in ALL.values() for text in (words.sentence, words.advice) if text]
    advice += [text for text in request_seen.ADVICE.values() if text]
    faults = (
        api_key_pages.NAME_FAULT,
        api_key_pages.NAME_TAKEN,
        api_key_pages.PERMISSION_FAULT,
        api_key_pages.END_FAULT,
        audit_filters.NO_PERSON,
        audit_filters.NO_ACTOR,
        audit_filters.NO_LINK,
        audit_filters.NO_KIND,
        audit_filters.NO_MOMENT,
    )
    return [*chain.from_iterable(table.values() for table in tables), EVERYONE, UNKNOWN_EVENT, *faults, *advice]
