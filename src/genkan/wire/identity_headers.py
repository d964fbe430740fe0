"""The headers in which /auth/verify tells who asks: names that an operator may choose, and how values are written."""

from urllib.parse import quote

DEFAULTS = {
    "user_header": "Remote-User",
    "groups_header": "Remote-Groups",
    "name_header": "Remote-Name",
    "email_header": "Remote-Email",
}
SCOPE = "Remote-Scope"
ENCODINGS = ("percent", "utf-8", "latin-1")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
# What HTTP and the proxies mean something else by.
_TAKEN = frozenset(
    {"accept", "authorization", "cache-control", "connection", "content-encoding", "content-length", "content-type",
     "cookie", "date", "expect", "forwarded", "host", "keep-alive", "location", "origin", "proxy", "range", "referer",
     "retry-after", "server", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "vary", "via",
     "www-authenticate", "x-forwarded-for", "x-forwarded-host", "x-forwarded-method", "x-forwarded-proto",
     "x-forwarded-uri", "x-genkan-proxy", "x-original-method"}
)  # fmt: skip
_MOST = 64
_PLAIN = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


def names_fault(chosen: dict[str, str]) -> str | None:
    """Which of these (by parameter, each with a name) cannot be a header of its own, if any."""
    names = [SCOPE.lower(), *(({**DEFAULTS, **chosen})[key].lower() for key in DEFAULTS)]
    for key, name in chosen.items():
        strange = not name or len(name) > _MOST or not _LETTERS.issuperset(name) or not name[0].isalpha()
        if strange or name.lower() in _TAKEN or names.count(name.lower()) > 1:
            return key
    return None


def written(text: str, encoding: str = "percent") -> bytes:
    """A value on the wire. Percent-encoded UTF-8 where the encoding is that, cannot say it, or the text has a percent
    sign itself, so that two texts are never written alike.
    """
    if text.isascii() and text.isprintable() and "%" not in text:
        return text.encode()
    if encoding != "percent" and text.isprintable() and "%" not in text:
        try:
            return text.encode(encoding)
        except UnicodeEncodeError:
            pass
    return quote(text, safe=_PLAIN).encode()
