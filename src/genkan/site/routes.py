"""What a route must declare: who may call it, how it is protected, and which handler answers. Undeclared does not
start.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from genkan.site.answer import Answer
from genkan.site.door import Door
from genkan.site.received import Received

Handler = Callable[[Received, Door], Awaitable[Answer]]


class Who(StrEnum):
    """Who may call a route. The handler proves what the declaration says; a test holds both together."""

    ANYONE = "anyone"
    CLIENT = "an application link that authenticates"
    BEARER = "the holder of an access token"
    PERSON = "a person signed in in a browser"
    ADMINISTRATOR = "an administrator: session, API key or access token with ADMIN"
    SETUP = "the holder of the set-up link"
    RECOVERY = "the holder of a one-time link"
    PROVIDER = "an OpenID provider that signs what it says"
    OPERATOR = "loopback, or the holder of the metrics token"


class Guard(StrEnum):
    """How a route is protected before its handler runs.

    ``MACHINE`` ignores Host and builds every address from the settings. ``PAGE`` answers 400 when host or scheme are
    not the base URL's. ``FORM`` is a page's form: besides, it must come from this origin, and its handler checks the
    page token. A form of somebody who is signed in says whether the sign-in has to be recent. ``CERTIFICATE`` is found
    at the origin that asks for client certificates, where nothing else is, and nowhere else.
    """

    MACHINE = "machine"
    PAGE = "page"
    FORM = "form"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the route table. ``path`` may have variables in braces; ``about`` is its line in the reference.

    ``also_at`` is one more address of it, from the host's root. ``recent``: who calls it has signed in a moment ago, or
    confirms that it is still the same person; every form of somebody signed in declares it one way or the other.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
    who: Who
    guard: Guard
    about: str
    also_at: str | None = None
    recent: bool | None = None


# A form whose address ends so takes something away for good, gives a right away, says where answers go or tells a
# secret.
DANGEROUS = frozenset(
    {
        "adopt",
        "create",
        "delete",
        "edit",
        "erase",
        "password",
        "permission",
        "recovery",
        "revoke",
        "secret",
        "sign-out-all",
    }
)


class Undeclared(TypeError):
    """A route lacks its declaration, or two routes claim one path and method; the server does not start."""


def checked(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The table, or Undeclared."""
    table = tuple(rules)
    seen: set[tuple[str, str]] = set()
    for rule in table:
        declared = rule.who in frozenset(Who) and rule.guard in frozenset(Guard)
        if not declared or not rule.about or not rule.methods:
            raise Undeclared(f"{rule.path}: who may call it, and how is it protected?")
        if rule.guard is Guard.FORM and rule.methods != ("POST",):
            raise Undeclared(f"{rule.path}: a form is posted")
        if rule.guard is Guard.PAGE and "POST" in rule.methods:
            raise Undeclared(f"{rule.path}: what a page posts needs the form guard")
        _recency_checked(rule)
        for method in rule.methods:
            if (rule.path, method) in seen:
                raise Undeclared(f"{rule.path}: declared twice for {method}")
            seen.add((rule.path, method))
    return table


def _recency_checked(rule: Rule) -> None:
    """Undeclared where a form leaves open whether a left browser is enough for it, or asks too little."""
    if rule.guard is not Guard.FORM or rule.who not in (Who.PERSON, Who.ADMINISTRATOR):
        return
    if rule.recent is None:
        raise Undeclared(f"{rule.path}: does it need a recent sign-in?")
    if rule.path.rpartition("/")[2] in DANGEROUS and not rule.recent:
        raise Undeclared(f"{rule.path}: what is dangerous needs a recent sign-in")
