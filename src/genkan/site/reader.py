"""For whom a page is written: language and time zone, from the account first and the browser second. No words here."""

from functools import lru_cache

import msgspec

from genkan.protocol.records import Account
from genkan.site.peer import Headers

LANGUAGES = ("en", "ja")
MOST_ACCEPTED = 200


class Reader(msgspec.Struct, frozen=True):
    """``language`` is one of LANGUAGES, ``time_zone`` an IANA name."""

    language: str = "en"
    time_zone: str = "UTC"


def reader_of(headers: Headers, account: Account | None) -> Reader:
    """The account's own choice; without one, what the browser asks for."""
    asked = b",".join(headers.every(b"accept-language"))[:MOST_ACCEPTED].decode("latin-1")
    if account is None:
        return Reader(_accepted(asked))
    return Reader(known_language(account.locale) or _accepted(asked), account.time_zone)


def known_language(tag: str) -> str | None:
    """The language of ours that a tag such as ``ja-JP`` or ``ja_JP`` names (RFC 5646 2.1), or None."""
    primary = tag.replace("_", "-").partition("-")[0].lower()
    return primary if primary in LANGUAGES else None


@lru_cache(maxsize=256)
def _accepted(header: str) -> str:
    """RFC 9110 12.5.4: the language of the greatest weight that we have; the order decides among equals."""
    best, weight = LANGUAGES[0], 0.0
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        language, q = known_language(tag.strip()), _weight(parameter)
        if language is not None and q > weight:
            best, weight = language, q
    return best


def _weight(parameter: str) -> float:
    """RFC 9110 12.4.2: one without a weight counts 1; one that is no weight counts nothing."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    plain = name.strip().lower() == "q" and value.strip().replace(".", "", 1).isascii()
    try:
        weight = float(value) if plain else 0.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
