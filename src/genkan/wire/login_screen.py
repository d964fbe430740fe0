"""Owns the app's login screen as values: which sites it lists, when it goes straight to one, what it says of a value
that is wrong, what a typed address becomes, and why a site cannot be signed in to. Shows nothing and asks no site.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from genkan.wire.managed_records import Finding, Managed, SiteEntry
from genkan.wire.sentences import Sentence, sentence
from genkan.wire.urls import BaseURL, BaseURLProblem, parse_base_url

# What the app says where a site is no way to sign in, by name.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "switched-off": "OAuth 2.0 for the app is switched off at %(site)s: its administrator turns it on under "
        "Settings, System, Mobile app, or on a Genkan site with genkan mobile on.",
        "gateway": "Something in front of %(site)s keeps anonymous callers out: use the MDM set-up, or give the client "
        "id by hand; or exempt the path %(path)s from its sign-in.",
        "gateway-elsewhere": "Something in front of %(site)s keeps anonymous callers out and sends them to "
        "%(elsewhere)s: use the MDM set-up, or give the client id by hand; or exempt the path %(path)s from its "
        "sign-in.",
    }
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the login screen: a site of MDM's, or one where somebody was signed in before."""

    title: str
    base_url: str
    entry: SiteEntry | None


@dataclass(frozen=True, slots=True)
class LoginScreen:
    """``problems`` are the errors in what MDM delivered. The screen is never empty: what is right in it is offered."""

    choices: tuple[Choice, ...]
    problems: tuple[Finding, ...]

    @property
    def only(self) -> Choice | None:
        """The site to go straight to: there is one, and nothing is wrong that somebody should read first."""
        return self.choices[0] if len(self.choices) == 1 and not self.problems else None


def login_screen(managed: Managed | None, visited: Iterable[Choice] = ()) -> LoginScreen:
    """Each site once: those of MDM first and under the title that MDM gives them, then those ``visited`` before."""
    by_address: dict[str, Choice] = {}
    for entry in managed.sites if managed else ():
        by_address.setdefault(entry.base_url, Choice(entry.title or entry.base_url, entry.base_url, entry))
    for choice in visited:
        by_address.setdefault(choice.base_url, choice)
    findings = managed.findings if managed else ()
    return LoginScreen(tuple(by_address.values()), tuple(one for one in findings if one.severity == "error"))


def completed(address: str) -> str:
    """An address as people type it, with the scheme that is meant: plain http for this machine, https for all else."""
    text = address.strip()
    if "://" in text:
        return text
    here = parse_base_url(f"http://{text}", allow_http=True)
    return f"http://{text}" if isinstance(here, BaseURL) and here.is_loopback else f"https://{text}"


def typed(address: str, *, allow_http: bool = False) -> BaseURL | BaseURLProblem:
    """The site that is meant by a typed address."""
    return parse_base_url(completed(address), allow_http=allow_http)


def switched_off(site: str) -> Sentence:
    """The site answers, and its administrator has not turned on OAuth 2.0 for the app."""
    return sentence(WORDS["switched-off"], {"site": site})


def gateway(site: str, path: str, elsewhere: str | None) -> Sentence:
    """Something in front of the site keeps the app's first question from it; ``elsewhere`` is where it leads."""
    values = {"site": site, "path": path, "elsewhere": elsewhere or ""}
    words = WORDS["gateway-elsewhere" if elsewhere else "gateway"]
    return sentence(words, {name: value for name, value in values.items() if f"%({name})s" in words})
