"""Owns base URLs and the one way of joining a path to them; calls nothing and follows nothing."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from genkan.wire import uri
from genkan.wire.sentences import Sentence, sentence

LONGEST = 2000
_DEFAULT_PORT = {"https": 443, "http": 80}
_LONGEST_HOST = 253
_TWO_SPELLINGS = frozenset("ßς\u200c\u200d")
_KEPT_BY_JOIN = "/?#[]@!$&'()*+,;=:%~"


@dataclass(frozen=True, slots=True)
class BaseURL:
    """A site's public address in its one spelling; `port` is None where the scheme's own port is meant."""

    text: str
    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def origin(self) -> str:
        """Scheme, host and port as a browser spells them in `Origin` (RFC 6454 6.2)."""
        return _origin(self.scheme, uri.Authority(self.host, self.port))

    @property
    def is_loopback(self) -> bool:
        """Whether the address never leaves the machine."""
        return is_loopback_host(self.host)

    @property
    def secure(self) -> bool:
        """Whether the address is https."""
        return self.scheme == "https"


@dataclass(frozen=True, slots=True)
class BaseURLProblem:
    """Why a text is no base URL, and what to write instead; `sentence` says both in English."""

    what: Sentence
    instead: Sentence

    @property
    def sentence(self) -> str:
        """Problem and fix."""
        return f"{self.problem} {self.fix}"

    @property
    def problem(self) -> str:
        """What is wrong, in English."""
        return str(self.what)

    @property
    def fix(self) -> str:
        """What to write, in English."""
        return str(self.instead)


# By name: what is wrong, and what to write.
PROBLEMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "empty": ("The address is empty.", "Write one as in https://jira.example.com."),
        "too-long": ("The address is longer than %(most)s characters.", "Write scheme, host and context path only."),
        "space": ("The address holds a space or a line break.", "Remove it."),
        "letter": (
            "The address holds the letter %(odd)s, which no address may hold.",
            "Write an international name in its ASCII form (xn--…).",
        ),
        "international": (
            "The address holds the character %(odd)s, which no address may hold.",
            "Write the international name in its ASCII form: %(write)s.",
        ),
        "backslash": ("The address is written with backslashes (\\).", "Write slashes, as in https://."),
        "character": ("The address holds the character %(odd)s, which no address may hold.", "Remove it."),
        "relative": ("The address is not absolute.", "Write it with its scheme: https://%(host)s."),
        "scheme": ("The address is not one of the web.", "Write it with https:// before the host."),
        "userinfo": (
            "The address holds a user name or password before the host.",
            "Remove everything up to the “@”.",
        ),
        "query": ("The address holds a query.", "Remove everything from “?” on."),
        "fragment": ("The address holds a fragment.", "Remove everything from “#” on."),
        "path": (
            "The path of the address is ambiguous.",
            "Write the context path alone, as in https://example.com/jira.",
        ),
        "host": ("The address has no readable host and port.", "Write it as in https://jira.example.com:8443."),
        "plain-http": ("The address is plain http, and passwords and tokens travel on it.", "Write https://."),
    }
)


def _origin(scheme: str, authority: uri.Authority) -> str:
    port = "" if authority.port in {None, _DEFAULT_PORT[scheme]} else f":{authority.port}"
    return f"{scheme}://{authority.bracketed}{port}"


def is_loopback_host(host: str) -> bool:
    """`localhost`, 127.0.0.0/8 and `::1`, with or without brackets; other names depend on who resolves them."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if bare.lower() == "localhost":
        return True
    if uri.is_ipv4(bare):
        return ipaddress.IPv4Address(bare).is_loopback
    return uri.is_ipv6(bare) and ipaddress.IPv6Address(bare) == ipaddress.IPv6Address("::1")


def parse_base_url(text: str, *, allow_http: bool = False) -> BaseURL | BaseURLProblem:
    """Read an absolute https address (http on loopback or with `allow_http`) with an optional context path."""
    fault = _text_fault(text)
    if fault is not None:
        return fault
    parts = uri.split(text)
    if parts is None or parts.authority is None:
        return _problem("relative", host=_host_of(text))
    fault = _component_fault(parts)
    if fault is not None:
        return fault
    authority = uri.split_authority(parts.authority)
    if authority is None:
        return _problem("host")
    base = _normal(parts, authority)
    if not base.secure and not base.is_loopback and not allow_http:
        # RFC 6749 3.1, 3.2: credentials and tokens travel over TLS; loopback never leaves the machine (RFC 8252 8.3)
        return _problem("plain-http")
    return base


def _problem(name: str, **values: object) -> BaseURLProblem:
    what, instead = PROBLEMS[name]
    return BaseURLProblem(_with(what, values), _with(instead, values))


def _with(words: str, values: Mapping[str, object]) -> Sentence:
    """The sentence with those of the values that it has a place for."""
    return sentence(words, {name: value for name, value in values.items() if f"%({name})s" in words})


def _normal(parts: uri.URI, authority: uri.Authority) -> BaseURL:
    scheme, host = parts.scheme.lower(), authority.host.lower()
    port = None if authority.port == _DEFAULT_PORT[scheme] else authority.port
    path = parts.path.rstrip("/")
    return BaseURL(_origin(scheme, uri.Authority(host, port)) + path, scheme, host, port, path)


def _host_of(text: str) -> str:
    """What to write after the scheme: the text only where it is a plain host, so never a secret."""
    host = text.partition("/")[0]
    plain = uri.split_authority(host) is not None and "." in host
    return text if plain and "@" not in text else "jira.example.com"


def _text_fault(text: str) -> BaseURLProblem | None:
    if not text:
        return _problem("empty")
    if len(text) > LONGEST:
        return _problem("too-long", most=LONGEST)
    odd = uri.odd_character(text)
    if odd is None:
        return None
    if odd == "\\":
        return _problem("backslash")
    name = "space" if odd.isspace() else "letter" if odd.isalpha() else "character"
    named = f"“{odd}”" if odd.isprintable() else f"U+{ord(odd):04X}"
    ascii_form = in_ascii(text)
    if ascii_form is not None:
        return _problem("international", odd=named, write=ascii_form)
    return _problem(name, odd=named)


def in_ascii(text: str) -> str | None:
    """An address with an international name in the ASCII form of that name; None where there is none, or not one only:
    the two versions of the rules for such names spell four characters differently.
    """
    scheme, joint, rest = text.partition("://")
    host = rest.partition("/")[0].partition(":")[0]
    if not joint or len(host) > _LONGEST_HOST or host.isascii() or not _TWO_SPELLINGS.isdisjoint(host.lower()):
        return None
    try:
        name = host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    base = parse_base_url(f"{scheme}://{name}{rest[len(host) :]}", allow_http=True)
    return base.text if isinstance(base, BaseURL) else None


def _component_fault(parts: uri.URI) -> BaseURLProblem | None:
    if parts.scheme.lower() not in _DEFAULT_PORT:
        return _problem("scheme")
    if "@" in (parts.authority or ""):
        return _problem("userinfo")
    if parts.query is not None:
        return _problem("query")
    if parts.fragment is not None:
        return _problem("fragment")
    if uri.has_dot_segment(parts.path) or "//" in parts.path.rstrip("/") or not uri.escapes_hold(parts.path):
        return _problem("path")
    return None


def is_endpoint(text: str) -> bool:
    """An absolute http(s) address that a client may call: a host, no userinfo, no fragment (RFC 6749 3.1, 3.2)."""
    parts = uri.split(text) if len(text) <= LONGEST and uri.odd_character(text) is None else None
    if parts is None or parts.scheme.lower() not in _DEFAULT_PORT or parts.fragment is not None:
        return False
    return uri.split_authority(parts.authority or "") is not None


def join(base_url: str, path: str) -> str:
    """Append an absolute path (a query may follow) to a base URL, below its context path.

    Raises ValueError when `path` does not begin with exactly one slash or climbs with dot segments. What follows the
    slash never reaches scheme, host or port: the base ends in a host or a path, and characters that programs read
    differently (backslash, tab, space, non-ASCII) are percent-encoded.
    """
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        raise ValueError("a path to join begins with exactly one slash")
    if uri.has_dot_segment(path.partition("#")[0].partition("?")[0]):
        raise ValueError("a path to join has no dot segments")
    if not is_endpoint(base_url) or "?" in base_url:
        raise ValueError("a base URL is absolute and has no query and no fragment")
    return base_url.rstrip("/") + quote(path, safe=_KEPT_BY_JOIN)
