"""Owns the check of one site in a managed app configuration: keys, address, `oauth`; asks no site anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from genkan.wire import uri, urls
from genkan.wire.managed_records import Findings, OAuthEntry, Place, SiteEntry
from genkan.wire.managed_text import Members

ENTRY_KEYS = ("title", "baseURL", "oauth", "skipInfo")
OAUTH_KEYS = ("clientID", "cacheSessionInMobileBrowser")
_SPELLINGS = {
    "baseURL": ("baseurl", "base", "url", "siteurl", "address"),
    "title": ("title", "name", "sitetitle"),
    "oauth": ("oauth", "oauth2"),
    "skipInfo": ("skipinfo",),
    "clientID": ("clientid", "client", "oauthclientid"),
    "cacheSessionInMobileBrowser": ("cachesessioninmobilebrowser", "cachesession"),
}
_MEANT = {spelling: key for key, spellings in _SPELLINGS.items() for spelling in spellings}
_SECRETS = frozenset(
    {"clientsecret", "secret", "oauthclientsecret", "password", "accesstoken", "refreshtoken", "token"}
)
# First path segments of pages that a person may have open when copying the address
_PAGES = frozenset(
    {"secure", "browse", "projects", "issues", "plugins", "rest", "login.jsp", "admin", "account", "login"}
)
_LONGEST_TITLE = 100


@dataclass(frozen=True, slots=True)
class _Object:
    """A JSON object with its place; `known` are the keys that belong there."""

    members: Mapping[str, object]
    place: Place
    known: tuple[str, ...]


def fold(key: str) -> str:
    """A key without case and separators, so that near misses meet."""
    return "".join(character for character in key[:80].lower() if character.isalnum())


def check_entry(value: object, place: Place, findings: Findings, *, allow_http: bool) -> SiteEntry | None:
    """Read one entry; None when a phone could make no site of it."""
    if not isinstance(value, dict):
        fix = 'Write an object as in {"title": "…", "baseURL": "https://…"}.'
        findings.add("error", place, "This entry is not a JSON object.", fix)
        return None
    site = _Object(value, place, ENTRY_KEYS)
    check_keys(site.members, place, site.known, findings)
    title = _title(site, findings)
    base_url = _base_url(site, findings, allow_http=allow_http)
    skip_info = check_flag(site.members, "skipInfo", place, findings)
    usable, oauth = _oauth(site, findings)
    return SiteEntry(title, base_url, oauth, skip_info) if usable and base_url is not None else None


def check_keys(members: Mapping[str, object], place: Place, known: tuple[str, ...], findings: Findings) -> None:
    """Find keys that are written twice, misspelt, misplaced, unknown, or secret."""
    repeated = members.repeated if isinstance(members, Members) else ()
    for key in repeated:
        findings.add(
            "error",
            place.at(key),
            f"“{_cut(key)}” is written twice.",
            "Keep one: which of the two counts differs from phone to phone.",
        )
    for key in members:
        if key not in known:
            _check_stranger(key, members, place, known, findings)


def _check_stranger(
    key: str, members: Mapping[str, object], place: Place, known: tuple[str, ...], findings: Findings
) -> None:
    folded = fold(key)
    meant = _MEANT.get(folded)
    at = place.at(key)
    if folded in _SECRETS:
        problem = f"“{_cut(key)}” is a secret, and everybody who has the configuration or a phone can read it."
        findings.add(
            "error", at, problem, "Remove it, and replace the secret on the site: the app needs the client id only."
        )
    elif meant in known and meant not in members:
        findings.add("error", at, f"“{_cut(key)}” is not a key that phones read.", f"Write “{meant}”.")
    elif meant in OAUTH_KEYS and known is ENTRY_KEYS:
        findings.add(
            "error",
            at,
            f"“{_cut(key)}” stands beside `oauth`, where phones do not look.",
            f'Move it: "oauth": {{"{meant}": …}}.',
        )
    elif meant in ENTRY_KEYS and known is OAUTH_KEYS:
        findings.add(
            "error",
            at,
            f"“{_cut(key)}” stands inside `oauth`, where phones do not look.",
            f"Move it out of `oauth`, as “{meant}”.",
        )
    else:
        findings.add(
            "ignored",
            at,
            f"“{_cut(key)}” is not a key that phones read.",
            f"Remove it; the keys here are {', '.join(known)}.",
        )


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"


def _misspelt(site: _Object, key: str) -> bool:
    return any(_MEANT.get(fold(other)) == key for other in site.members if other not in site.known)


def check_flag(members: Mapping[str, object], key: str, place: Place, findings: Findings) -> bool:
    """Read a boolean that is false when absent."""
    value = members.get(key, False)
    if isinstance(value, bool):
        return value
    written = f"“{_cut(value)}” in quotes" if isinstance(value, str) else f"a {_kind(value)}"
    findings.add(
        "error",
        place.at(key),
        f"“{key}” is {written}, where true or false belongs.",
        f'Write "{key}": true or "{key}": false, without quotes.',
    )
    return False


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "list"}
    return names.get(type(value), "object")


def _title(site: _Object, findings: Findings) -> str | None:
    if "title" not in site.members:
        return None
    value, at = site.members["title"], site.place.at("title")
    if not isinstance(value, str):
        findings.add(
            "ignored",
            at,
            f"The title is a {_kind(value)}, so phones show the address instead.",
            "Write the title as text in quotes.",
        )
        return None
    title = "".join(character if character.isprintable() else " " for character in value).strip()
    if not title:
        findings.add(
            "warning",
            at,
            "The title is empty, so phones show the address instead.",
            "Write the name that people know the site by.",
        )
    elif len(title) > _LONGEST_TITLE:
        findings.add(
            "warning", at, "The title is longer than a phone can show.", f"Write {_LONGEST_TITLE} characters at most."
        )
    return title[:_LONGEST_TITLE].strip() or None


def _base_url(site: _Object, findings: Findings, *, allow_http: bool) -> str | None:
    at = site.place.at("baseURL")
    if "baseURL" not in site.members:
        if not _misspelt(site, "baseURL"):
            findings.add(
                "error", site.place, "This entry has no baseURL.", 'Add the site\'s address: "baseURL": "https://…".'
            )
        return None
    value = site.members["baseURL"]
    if not isinstance(value, str):
        findings.add(
            "error", at, f"baseURL is a {_kind(value)}.", 'Write the site\'s address as text: "baseURL": "https://…".'
        )
        return None
    base = urls.parse_base_url(value, allow_http=True)
    if isinstance(base, urls.BaseURLProblem):
        findings.add("error", at, base.problem, base.fix)
        return None
    faults = list(_address_faults(value, base, allow_http=allow_http))
    for severity, problem, fix in faults:
        findings.add("error" if severity else "warning", at, problem, fix)
    return None if any(severity for severity, _, _ in faults) else base.text


def _address_faults(written: str, base: urls.BaseURL, *, allow_http: bool) -> Iterator[tuple[bool, str, str]]:
    """What is wrong with an address that can be read: whether it is an error, the problem, the fix."""
    if not base.secure:
        # RFC 6749 3.1, 3.2: a sign-in travels over TLS
        yield (
            not (allow_http or base.is_loopback),
            "The address is plain http.",
            f"Write https://{base.text.partition('://')[2]}.",
        )
    pasted = _page(base.path)
    if pasted is not None:
        page = base.path[len(pasted) :]
        yield True, f"The address of a page was pasted (“{_cut(page)}”).", f"Write {base.origin}{pasted}."
    elif written.endswith("/"):
        yield (
            False,
            "The address ends in a slash, and some readers write a second one behind it.",
            f"Write {base.text}.",
        )


def _page(path: str) -> str | None:
    """The context path in front of a page's own path; None when there is no page in it."""
    segments = path.split("/")
    for index, segment in enumerate(segments):
        if segment.lower() in _PAGES or segment.lower().endswith((".jspa", ".jsp")):
            return "/".join(segments[:index])
    return None


def _oauth(site: _Object, findings: Findings) -> tuple[bool, OAuthEntry | None]:
    """Whether the entry can be used as far as `oauth` goes, and what it says."""
    value, place = site.members.get("oauth"), site.place.at("oauth")
    if "oauth" not in site.members:
        return not _misspelt(site, "oauth") and not _misspelt(site, "clientID"), None
    if not isinstance(value, dict):
        fix = 'Write "oauth": {"clientID": "…"}, or remove the key to pre-populate the site only.'
        findings.add("error", place, f"`oauth` is a {_kind(value)}, where an object belongs.", fix)
        return False, None
    oauth = _Object(value, place, OAUTH_KEYS)
    check_keys(value, place, OAUTH_KEYS, findings)
    client_id = _client_id(oauth, findings)
    cached = check_flag(value, "cacheSessionInMobileBrowser", place, findings)
    return client_id is not None, None if client_id is None else OAuthEntry(client_id, cached)


def _client_id(oauth: _Object, findings: Findings) -> str | None:
    at = oauth.place.at("clientID")
    if "clientID" not in oauth.members:
        if not _misspelt(oauth, "clientID"):
            fix = "Add the client id of the application link; without it, remove `oauth` to pre-populate the site only."
            findings.add("error", oauth.place, "`oauth` has no clientID.", fix)
        return None
    value = oauth.members["clientID"]
    fault = _client_id_fault(value)
    if fault is not None:
        findings.add("error", at, *fault)
        return None
    return value if isinstance(value, str) else None


def _client_id_fault(value: object) -> tuple[str, str] | None:
    copy = "Copy the client id from the application link."
    if not isinstance(value, str):
        return f"clientID is a {_kind(value)}, where text belongs.", copy
    if not value.strip():
        return "clientID is empty.", copy
    if _is_placeholder(value):
        return f"clientID is still the placeholder “{_cut(value)}”.", copy
    if not (value.isascii() and value.isprintable()) or " " in value or '"' in value:
        # RFC 6749 A.1: visible characters; a space is always an accident of copying
        return "clientID holds a space, a quote, or a character that no client id has.", copy
    if len(value) == 64 and uri.HEX.issuperset(value):
        return (
            "clientID has the form of a client secret (64 hexadecimal digits).",
            f"{copy} If this was the secret, replace it on the site.",
        )
    return None


def _is_placeholder(value: str) -> bool:
    folded = fold(value)
    if any(character in value for character in "<>{}[]…"):
        return True
    return (
        folded.startswith("your") or folded in {"clientid", "id", "changeme", "todo", "example"} or set(folded) <= {"x"}
    )
