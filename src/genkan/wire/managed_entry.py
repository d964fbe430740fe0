"""Owns the check of one site in a managed app configuration: keys, address, `oauth`; asks no site anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from genkan.wire import uri, urls
from genkan.wire.jsontext import shown
from genkan.wire.managed_records import Findings, OAuthEntry, Place, Severity, SiteEntry
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


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of an entry: its address if that can be read, and the site unless something is wrong with it."""

    place: Place
    base_url: str | None
    site: SiteEntry | None


def check_entry(value: object, place: Place, findings: Findings, *, allow_http: bool) -> Checked:
    """Read one entry; an entry with an error makes no site, since phones may differ in what they make of it."""
    if not isinstance(value, dict):
        fix = 'Write an object as in {"title": "…", "baseURL": "https://…"}.'
        findings.add("error", place, "This entry is not a JSON object.", fix)
        return Checked(place, None, None)
    before = findings.errors
    entry = _Object(value, place, ENTRY_KEYS)
    check_keys(value, place, ENTRY_KEYS, findings)
    title = _title(entry, findings)
    base_url = _base_url(entry, findings, allow_http=allow_http)
    oauth = _oauth(entry, findings)
    skip_info = check_flag(value, "skipInfo", place, findings)
    whole = base_url is not None and findings.errors == before
    return Checked(place, base_url, SiteEntry(title, base_url, oauth, skip_info) if base_url and whole else None)


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
    return (shown(text, 40) or "") + ("…" if len(text) > 40 else "")


def _misspelt(site: _Object, key: str) -> bool:
    return any(_MEANT.get(fold(other)) == key for other in site.members if other not in site.known)


def check_flag(members: Mapping[str, object], key: str, place: Place, findings: Findings) -> bool:
    """Read a boolean that is false when absent."""
    value = members.get(key, False)
    if isinstance(value, bool):
        return value
    written = f"“{_cut(value)}” in quotes" if isinstance(value, str) else _kind(value)
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
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "an array"}
    return names.get(type(value), "an object")


def _title(site: _Object, findings: Findings) -> str | None:
    if "title" not in site.members:
        return None
    value, at = site.members["title"], site.place.at("title")
    if not isinstance(value, str):
        findings.add(
            "ignored",
            at,
            f"The title is {_kind(value)}, so phones show the address instead.",
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
            "error", at, f"baseURL is {_kind(value)}.", 'Write the site\'s address as text: "baseURL": "https://…".'
        )
        return None
    base = urls.parse_base_url(value, allow_http=True)
    if isinstance(base, urls.BaseURLProblem):
        findings.add("error", at, base.problem, base.fix)
        return None
    for severity, problem, fix in _address_faults(value, base, allow_http=allow_http):
        findings.add(severity, at, problem, fix)
    return base.text


def _address_faults(written: str, base: urls.BaseURL, *, allow_http: bool) -> Iterator[tuple[Severity, str, str]]:
    """What is wrong with an address that can be read: severity, problem, fix."""
    if not base.secure:
        # RFC 6749 3.1, 3.2: a sign-in travels over TLS
        severity: Severity = "warning" if allow_http or base.is_loopback else "error"
        yield severity, "The address is plain http.", f"Write https://{base.text.partition('://')[2]}."
    pasted = before_page(base.path)
    if pasted is not None:
        page = base.path[len(pasted) :]
        yield "error", f"The address of a page was pasted (“{_cut(page)}”).", f"Write {base.origin}{pasted}."
    elif written.endswith("/"):
        yield "warning", "The address ends in a slash, behind which some write a second one.", f"Write {base.text}."


def before_page(path: str) -> str | None:
    """The context path in front of a page's own path; None where no page seems to be in it."""
    segments = path.split("/")
    for index, segment in enumerate(segments):
        if segment.lower() in _PAGES or segment.lower().endswith((".jspa", ".jsp")):
            return "/".join(segments[:index])
    return None


def _oauth(site: _Object, findings: Findings) -> OAuthEntry | None:
    if "oauth" not in site.members:
        return None
    value, place = site.members["oauth"], site.place.at("oauth")
    if not isinstance(value, dict):
        fix = 'Write "oauth": {"clientID": "…"}, or remove the key to pre-populate the site only.'
        findings.add("error", place, f"`oauth` is {_kind(value)}, where an object belongs.", fix)
        return None
    oauth = _Object(value, place, OAUTH_KEYS)
    check_keys(value, place, OAUTH_KEYS, findings)
    client_id = _client_id(oauth, findings)
    cached = check_flag(value, "cacheSessionInMobileBrowser", place, findings)
    return None if client_id is None else OAuthEntry(client_id, cached)


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
        return f"clientID is {_kind(value)}, where text belongs.", copy
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
