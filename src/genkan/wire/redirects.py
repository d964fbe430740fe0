"""Owns the grammar, kinds and matching of redirect URIs (RFC 6749 3.1.2, RFC 8252 7); knows no link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote

from genkan.wire import uri
from genkan.wire.sentences import Sentence, sentence

LONGEST = 2000
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})  # RFC 8252 7.3, 8.3
# The first six run or show what a page wrote; the rest open other programs or no program with what should be a code
DENIED_SCHEMES = frozenset(
    {"javascript", "data", "file", "blob", "about", "vbscript", "filesystem", "view-source", "intent", "content", "jar"}
    | {"ftp", "ws", "wss", "mailto", "tel", "sms"}
)
_KEPT_LENGTH = 100
ANSWER_PARAMETERS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})


class Kind(StrEnum):
    """RFC 8252 7: how an answer gets back to the application; `https` stands for every web address."""

    HTTPS = "https"
    LOOPBACK = "loopback"
    PRIVATE_USE = "private-use"


@dataclass(frozen=True, slots=True)
class RedirectURI:
    """A redirect URI fit to be registered; `text` is what is compared, the rest describes it."""

    text: str
    kind: Kind
    scheme: str
    host: str | None
    port: int | None
    advice: Sentence | None = None


@dataclass(frozen=True, slots=True)
class RedirectProblem:
    """Why a text cannot be registered: a code for programs, a sentence with the fix for people."""

    code: str
    said: Sentence

    @property
    def sentence(self) -> str:
        """The sentence in English."""
        return str(self.said)


# By code; what follows a slash tells two sentences of one code apart.
PROBLEMS: Mapping[str, str] = MappingProxyType(
    {
        "empty": "The redirect URL is empty: write the address that the application listens on.",
        "too-long": "The redirect URL is longer than %(most)s characters: write a shorter one.",
        "characters": "The redirect URL holds %(odd)s, which no URL may hold: percent-encode or remove it.",
        "wildcard": "The redirect URL holds “*”: register every redirect URL in full, wildcards never match.",
        "escapes": "The redirect URL holds a “%” without two hexadecimal digits: write a percent sign as %25.",
        "relative": "The redirect URL has no scheme: write it in full, as in https://app.example.com/callback.",
        "relative/path": "“%(text)s” has no “/” after its scheme: write https://…, http://127.0.0.1/…, or "
        "%(scheme)s:/callback.",
        "scheme": "“%(scheme)s:” cannot carry an answer to an application: use https, loopback http or the app's own "
        "scheme.",
        "scheme/urn": "The out-of-band redirect is not supported: use http://127.0.0.1/callback, any port matches.",
        "fragment": "The redirect URL holds a fragment: remove everything from “#” on.",
        "userinfo": "The redirect URL holds a user name before the host: write it without the part that ends in “@”.",
        "dot-segments": "The redirect URL's path holds “.” or “..”: write the path that is meant.",
        "answer-parameter": "The redirect URL's query holds “%(name)s”, which the answer brings itself: remove it.",
        "host": "The redirect URL has no readable host and port: write it as in https://app.example.com/callback.",
        "host/app": "What follows “%(scheme)s://” is no plain name: write it as in %(scheme)s://oauth-callback.",
        "http": "The redirect URL is plain http: write https, or a loopback address (http://127.0.0.1/…).",
    }
)
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "http": "Plain http: everybody on the network can read the code.",
        "localhost": "“localhost” may resolve to another address than the app listens on: 127.0.0.1 or [::1] is safer.",
        "scheme": "“%(scheme)s” is not a reverse domain name (com.example.app): another app may claim the same scheme.",
    }
)


def _problem(key: str, /, **values: object) -> RedirectProblem:
    return RedirectProblem(key.partition("/")[0], sentence(PROBLEMS[key], values))


@lru_cache(maxsize=1024)
def parse_redirect(text: str, *, allow_http: bool = False) -> RedirectURI | RedirectProblem:
    """Judge a redirect URI at registration; `allow_http` gives up TLS for web addresses outside loopback."""
    problem = _text_problem(text)
    if problem is not None:
        return problem
    parts = uri.split(text)
    if parts is None:
        return _problem("relative")
    scheme = parts.scheme.lower()
    problem = _scheme_problem(scheme) or _component_problem(parts)
    if problem is not None:
        return problem
    return _web(text, parts, allow_http) if scheme in {"http", "https"} else _private_use(text, parts)


def _text_problem(text: str) -> RedirectProblem | None:
    if not text:
        return _problem("empty")
    if len(text) > LONGEST:
        return _problem("too-long", most=LONGEST)
    odd = uri.odd_character(text)
    if odd is not None:
        return _problem("characters", odd=ascii(odd))
    if "*" in text:
        return _problem("wildcard")
    return None if uri.escapes_hold(text) else _problem("escapes")


def _scheme_problem(scheme: str) -> RedirectProblem | None:
    if scheme in DENIED_SCHEMES:
        return _problem("scheme", scheme=scheme)
    return _problem("scheme/urn") if scheme == "urn" else None


def _component_problem(parts: uri.URI) -> RedirectProblem | None:
    if parts.fragment is not None:
        # RFC 6749 3.1.2: no fragment
        return _problem("fragment")
    if "@" in (parts.authority or ""):
        return _problem("userinfo")
    if uri.has_dot_segment(parts.path):
        return _problem("dot-segments")
    names = {pair.partition("=")[0] for pair in (parts.query or "").split("&")}
    taken = sorted(names & ANSWER_PARAMETERS)
    # RFC 6749 3.1: no parameter twice, so the answer's own names have to be free
    return _problem("answer-parameter", name=taken[0]) if taken else None


def _web(text: str, parts: uri.URI, allow_http: bool) -> RedirectURI | RedirectProblem:
    scheme = parts.scheme.lower()
    authority = uri.split_authority(parts.authority or "")
    if authority is None:
        return _problem("host")
    if scheme == "http" and authority.host.lower() in LOOPBACK_HOSTS:
        return RedirectURI(
            text, Kind.LOOPBACK, scheme, authority.host, authority.port, _loopback_advice(authority.host)
        )
    if scheme == "http" and not allow_http:
        # RFC 6749 3.1.2.1, RFC 9700 2.6: no code over an unencrypted network
        return _problem("http")
    advice = sentence(ADVICE["http"]) if scheme == "http" else None
    return RedirectURI(text, Kind.HTTPS, scheme, authority.host, authority.port, advice)


def _loopback_advice(host: str) -> Sentence | None:
    # RFC 8252 8.3
    return sentence(ADVICE["localhost"]) if host.lower() == "localhost" else None


def _private_use(text: str, parts: uri.URI) -> RedirectURI | RedirectProblem:
    scheme = parts.scheme.lower()
    if parts.authority is None and not parts.path.startswith("/"):
        # `localhost:8080/callback` reads as a scheme named localhost: what is meant is a web address
        return _problem("relative/path", text=text, scheme=scheme)
    authority = uri.split_authority(parts.authority) if parts.authority else None
    if parts.authority and authority is None:
        return _problem("host/app", scheme=scheme)
    host, port = (authority.host, authority.port) if authority else (None, None)
    return RedirectURI(text, Kind.PRIVATE_USE, scheme, host, port, _scheme_advice(scheme))


def _scheme_advice(scheme: str) -> Sentence | None:
    # RFC 8252 7.1: a reverse domain name keeps two apps from claiming one scheme
    return None if "." in scheme else sentence(ADVICE["scheme"], {"scheme": scheme})


def _free_port(text: str) -> tuple[str, str] | None:
    """What surrounds the port of a loopback address, None for every other text and for a port that is none."""
    parts = uri.split(text)
    if parts is None or parts.scheme.lower() != "http" or parts.authority is None:
        return None
    authority = uri.split_authority(parts.authority)
    if authority is None or authority.host.lower() not in LOOPBACK_HOSTS:
        return None
    start = len(parts.scheme) + len("://")
    return text[: start + len(authority.bracketed)], text[start + len(parts.authority) :]


def matches(registered: str, asked: str) -> bool:
    """Byte equality (RFC 9700 2.1); on a loopback address the port is free (RFC 8252 7.3) and all else is equal."""
    if registered == asked:
        return True
    around = _free_port(registered)
    return around is not None and around == _free_port(asked)


def find(registered: Sequence[str], asked: str) -> str | None:
    """The registered redirect URI that `asked` matches."""
    if asked in registered:
        return asked
    return next((text for text in registered if matches(text, asked)), None)


def is_native(redirects: Sequence[str]) -> bool:
    """Whether a link with these redirects is preselected as native: one of them stays on the person's device."""
    kinds = {parsed.kind for parsed in map(parse_redirect, redirects) if isinstance(parsed, RedirectURI)}
    return bool(kinds & {Kind.LOOPBACK, Kind.PRIVATE_USE})


def with_answer(redirect: str, params: Mapping[str, str]) -> str:
    """Add the answer's parameters to the query, keeping the query that is there (RFC 6749 3.1.2, 4.1.2)."""
    # %20 and not +: both decode alike as a form, and only %20 survives readers that know no forms
    answer = "&".join([f"{_escaped(name)}={_escaped(value)}" for name, value in params.items()])
    if not answer:
        return redirect
    if "?" not in redirect:
        return f"{redirect}?{answer}"
    return redirect + answer if redirect.endswith(("?", "&")) else f"{redirect}&{answer}"


def _escaped(text: str) -> str:
    # RFC 3986 2.3: what is unreserved stays as it is, which is all of most values.
    if uri.is_unreserved(text):
        return text
    return _kept(text) if len(text) <= _KEPT_LENGTH else _quoted(text)


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


# The issuer goes along with every answer (RFC 9207 2), and quoting it costs more than all else here.
_kept = lru_cache(maxsize=32)(_quoted)


def form_action_source(redirect: str) -> str:
    """The CSP `form-action` source that lets a consent form's answer through to this redirect.

    Raises ValueError for what `parse_redirect` refuses, since such a text could carry a policy of its own.
    """
    parsed = parse_redirect(redirect, allow_http=True)
    if isinstance(parsed, RedirectProblem):
        raise ValueError(parsed.sentence)  # noqa: TRY004 - the type is our own answer, the text was at fault
    if parsed.kind is Kind.PRIVATE_USE:
        return f"{parsed.scheme}:"
    if parsed.host is None or ":" in parsed.host:
        # CSP 3 has no spelling for an IPv6 host, and Chromium drops `http://[::1]:4711` as malformed. The scheme alone
        # is wider than wished, but the page holds one form of ours and no markup of anybody else; a source that never
        # matches would strand the person on the consent page.
        return f"{parsed.scheme}:"
    port = "" if parsed.port is None else f":{parsed.port}"
    return f"{parsed.scheme}://{parsed.host}{port}"
