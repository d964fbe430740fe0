"""Owns the check of one site in a managed app configuration: keys, address, `oauth`; asks no site anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from genkan.wire import characters, uri, urls
from genkan.wire.jsontext import shown
from genkan.wire.managed_records import Findings, OAuthEntry, Place, SiteEntry, kind_of
from genkan.wire.managed_text import Members
from genkan.wire.managed_words import ADDRESS

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
SECRETS = frozenset({"clientsecret", "secret", "oauthclientsecret", "password", "accesstoken", "refreshtoken", "token"})
# First path segments of pages that a person may have open when copying the address
_PAGES = frozenset(
    {
        "secure", "browse", "projects", "issues", "plugins", "rest", "login.jsp", "admin", "account", "login",
        "servicedesk", "dashboard", "dashboards", "logout", "issue", "sr", "tempo",
    }
)  # fmt: skip
_CLOUD = (".atlassian.net", ".jira.com", ".jira-dev.com")
_CLIENT_ID_DIGITS = 32
# Fewer may be an id that somebody chose; 64 are a secret's.
_NEAR_CLIENT_ID = range(16, 64)
_JOINERS = "\u200c\u200d"  # Persian and emoji are written with them
LONGEST_TITLE = 100


@dataclass(frozen=True, slots=True)
class _Object:
    """A JSON object with its place; `known` are the keys that belong there."""

    members: Mapping[str, object]
    place: Place
    known: tuple[str, ...]


def fold(key: str) -> str:
    """A key without case and separators, so that near misses meet."""
    return "".join(character for character in key[:80].lower() if character.isalnum())


def meant_by(key: str) -> str | None:
    """The key that somebody meant by a spelling of it."""
    return _MEANT.get(fold(key))


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of an entry: its address if that can be read, and the site unless something is wrong with it."""

    place: Place
    base_url: str | None
    site: SiteEntry | None


def check_entry(value: object, place: Place, findings: Findings, *, allow_http: bool) -> Checked:
    """Read one entry; an entry with an error makes no site, since phones may differ in what they make of it."""
    if not isinstance(value, dict):
        _no_object(value, place, findings)
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


def _no_object(value: object, place: Place, findings: Findings) -> None:
    base = urls.parse_base_url(value) if isinstance(value, str) else None
    if isinstance(base, urls.BaseURL):
        findings.add(place, "address-alone", write=base.text)
    elif isinstance(value, list):
        findings.add(place, "array-in-array")
    else:
        findings.add(place, "not-object")


def check_repeated(members: Mapping[str, object], place: Place, findings: Findings) -> None:
    """Find keys that are written twice."""
    for key in members.repeated if isinstance(members, Members) else ():
        findings.add(place.at(key), "key-twice", key=_cut(key))


def check_keys(members: Mapping[str, object], place: Place, known: tuple[str, ...], findings: Findings) -> None:
    """Find keys that are written twice, misspelt, misplaced, unknown, or secret."""
    check_repeated(members, place, findings)
    for key in members:
        if key not in known:
            name, meant = _stranger(key, members, known)
            findings.add(place.at(key), name, key=_cut(key), write=meant or "", known=", ".join(known))


def _stranger(key: str, members: Mapping[str, object], known: tuple[str, ...]) -> tuple[str, str | None]:
    """What a key is that does not belong here, and the key that was meant."""
    folded = fold(key)
    meant = meant_by(key)
    if folded in SECRETS:
        return "secret", None
    if meant in known and meant not in members:
        return "misspelt", meant
    if known is ENTRY_KEYS and meant is None and "oauth" not in members and holds_client_id(members[key]):
        return "misspelt", "oauth"
    if meant in OAUTH_KEYS and known is ENTRY_KEYS:
        return "beside-oauth", meant
    if meant in ENTRY_KEYS and known is OAUTH_KEYS:
        return "inside-oauth", meant
    return "unknown-key", None


def holds_client_id(value: object) -> bool:
    """Whether an object can only have been meant as `oauth`, whatever it is called."""
    return isinstance(value, dict) and any(meant_by(key) == "clientID" for key in value)


def _cut(text: str) -> str:
    return (shown(text, 40) or "") + ("…" if len(text) > 40 else "")


def _misspelt(site: _Object, key: str) -> bool:
    return any(meant_by(other) == key for other in site.members if other not in site.known)


def check_flag(members: Mapping[str, object], key: str, place: Place, findings: Findings) -> bool:
    """Read a boolean that is false when absent."""
    value = members.get(key, False)
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        findings.add(place.at(key), "flag-in-quotes", key=key, written=_cut(value))
    else:
        findings.add(place.at(key), "flag-type", key=key, kind=kind_of(value))
    return False


def _title(site: _Object, findings: Findings) -> str | None:
    if "title" not in site.members:
        return None
    value, at = site.members["title"], site.place.at("title")
    if not isinstance(value, str):
        findings.add(at, "title-type", kind=kind_of(value))
        return None
    title = fit_title(value)
    if title is None:
        findings.add(at, "title-empty")
    elif len(value.strip()) > LONGEST_TITLE:
        findings.add(at, "title-long", most=LONGEST_TITLE)
    elif title != value.strip():
        findings.add(at, "title-control")
    return title


def fit_title(value: str) -> str | None:
    """A title as a phone can show it: on one line, not too long; None where nothing is left."""
    seen = "".join(character if character.isprintable() or character in _JOINERS else " " for character in value)
    return seen.strip()[:LONGEST_TITLE].strip() or None


def _base_url(site: _Object, findings: Findings, *, allow_http: bool) -> str | None:
    at = site.place.at("baseURL")
    if "baseURL" not in site.members:
        if not _misspelt(site, "baseURL"):
            findings.add(site.place, "no-base-url")
        return None
    value = site.members["baseURL"]
    if not isinstance(value, str):
        findings.add(at, "base-url-type", kind=kind_of(value))
        return None
    base = urls.parse_base_url(value, allow_http=True)
    if isinstance(base, urls.BaseURLProblem):
        said = (base.what.words, base.instead.words)
        name = next(name for name, words in urls.PROBLEMS.items() if words == said)
        findings.add(at, ADDRESS + name, **{**dict((*base.what.values, *base.instead.values)), **_odd(value)})
        return None
    for name, values in _address_faults(value, base, allow_http=allow_http):
        findings.add(at, name, **values)
    return base.text


def _odd(address: str) -> dict[str, str]:
    """The character that no address may hold, by name."""
    odd = uri.odd_character(address)
    return {} if odd is None else {"odd": characters.shown_named(odd)}


def _address_faults(written: str, base: urls.BaseURL, *, allow_http: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """What is wrong with an address that can be read."""
    if base.is_loopback:
        yield "loopback" if base.secure else "loopback-allowed", {"host": base.host}
    elif not base.secure:
        # RFC 6749 3.1, 3.2: a sign-in travels over TLS
        yield "http-allowed" if allow_http else "http", {"write": f"https://{base.text.partition('://')[2]}"}
    if not base.is_loopback:
        yield from _host_faults(base.host)
    pasted = before_page(base.path)
    if pasted is not None:
        yield "page", {"page": _cut(base.path[len(pasted) :]), "write": base.origin + pasted}
    elif written.endswith("/"):
        yield "slash", {"write": base.text}


def _host_faults(host: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Hosts at which a phone finds no site of the app's."""
    if host.endswith(_CLOUD):
        yield "cloud-site", {"host": host}
    elif "." not in host and not uri.is_ipv6(host):
        yield "unqualified", {"host": host}


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
        findings.add(place, "oauth-type", kind=kind_of(value))
        return None
    oauth = _Object(value, place, OAUTH_KEYS)
    check_keys(value, place, OAUTH_KEYS, findings)
    client_id = _client_id(oauth, findings)
    cached = check_flag(value, "cacheSessionInMobileBrowser", place, findings)
    return None if client_id is None else OAuthEntry(client_id, cached)


def _client_id(oauth: _Object, findings: Findings) -> str | None:
    if "clientID" not in oauth.members:
        if not _misspelt(oauth, "clientID"):
            findings.add(oauth.place, "no-client-id")
        return None
    value, at = oauth.members["clientID"], oauth.place.at("clientID")
    if not isinstance(value, str):
        findings.add(at, "client-id-type", kind=kind_of(value))
        return None
    fault = client_id_fault(value)
    if fault is not None:
        odd, where = _odd_of_client_id(value)
        findings.add(at, fault, written=_cut(value), odd=odd, at=where, count=len(value))
        return None
    return value


def _odd_of_client_id(value: str) -> tuple[str, int]:
    """The first character that no client id has, by name, and which one it is; an empty name where all may be there."""
    for number, character in enumerate(value, 1):
        if not _may_be_in_client_id(character):
            return characters.shown_named(character), number
    return "", 0


def _may_be_in_client_id(character: str) -> bool:
    # RFC 6749 A.1: visible characters; a space is always an accident of copying
    return character.isascii() and character.isprintable() and character not in ' "'


def client_id_fault(value: str) -> str | None:
    """The name of what is wrong with a client id; None where it can be one."""
    if not value.strip():
        return "client-id-empty"
    if _is_placeholder(value):
        return "placeholder"
    if not all(map(_may_be_in_client_id, value)):
        return "client-id-characters"
    if "://" in value:
        return "client-id-address"
    if len(value) == 64 and uri.HEX.issuperset(value):
        return "secret-as-client-id"
    if len(value) in _NEAR_CLIENT_ID and len(value) != _CLIENT_ID_DIGITS and uri.HEX.issuperset(value):
        return "client-id-length"
    return None


def _is_placeholder(value: str) -> bool:
    folded = fold(value)
    if any(character in value for character in "<>{}[]…"):
        return True
    return (
        folded.startswith("your") or folded in {"clientid", "id", "changeme", "todo", "example"} or set(folded) <= {"x"}
    )
