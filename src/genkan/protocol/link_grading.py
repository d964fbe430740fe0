"""Grading application links by RFC 9700: what one of them permits that it need not, and the change that mends it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from genkan.protocol import links
from genkan.protocol.env import DAY, Env
from genkan.protocol.findings import Finding, Grade, Remedy
from genkan.protocol.link_wishes import LinkWish, redirect_kind
from genkan.protocol.outcomes import Change, Refused
from genkan.protocol.reasons import Reason
from genkan.protocol.records import ConsentMode, Link, Standing
from genkan.wire.redirects import Kind
from genkan.wire.scopes import Permission

UNUSED = 180 * DAY


@dataclass(frozen=True, slots=True)
class LinkUse:
    """A link, and when it was last used; None where somebody is signed in through it now."""

    link: Link
    last_used: int | None


def grade_links(used: Sequence[LinkUse], env: Env) -> list[Finding]:
    """What links permit that they need not; disabled ones permit nothing."""
    usable = [use for use in used if use.link.usable]
    found = [finding for use in usable for finding in _link_findings(use, env)]
    every_one_does_pkce = all(use.link.pkce_required and not use.link.plain_pkce for use in usable)
    return [*found, *([Finding("links_pkce", Grade.GOOD)] if usable and every_one_does_pkce else [])]


def _link_findings(use: LinkUse, env: Env) -> Iterator[Finding]:
    link = use.link
    named = {"link": link.name}
    if link.plain_pkce:
        # RFC 9700 2.1.1: a method that does not show the verifier in the request, which S256 alone is
        yield Finding("link_plain", Grade.BAD, named, link=link, remedy=Remedy.REFUSE_PLAIN)
    if not link.pkce_required:
        # RFC 9700 2.1.1: recommended for confidential clients, too
        yield Finding("link_without_pkce", Grade.WEAK, named, link=link, remedy=Remedy.REQUIRE_PKCE)
    for redirect in filter(_is_readable, link.redirects):
        yield Finding("link_http", Grade.BAD, {**named, "redirect": redirect}, link=link)
    if link.consent is ConsentMode.REMEMBER:
        # RFC 9700 4.11.2: where nobody is asked, an address in a mail is enough to send a person to the application
        yield Finding("link_remembered", Grade.WEAK, named, link=link, remedy=Remedy.ASK_ALWAYS)
    if link.permission > Permission.WRITE:
        # RFC 9700 2.3: no more than the application needs
        yield Finding("link_wide", Grade.WEAK, named, link=link, remedy=Remedy.LOWER)
    if use.last_used is not None and env.now - use.last_used >= UNUSED:
        days = (env.now - use.last_used) // DAY
        yield Finding("link_unused", Grade.WEAK, {**named, "days": days}, link=link, remedy=Remedy.DISABLE)


def _is_readable(redirect: str) -> bool:
    return redirect_kind(redirect) is Kind.HTTPS and redirect[:5].lower() == "http:"


_CHANGES: dict[Remedy, Callable[[LinkWish], LinkWish]] = {
    Remedy.REFUSE_PLAIN: lambda wish: replace(wish, plain_pkce=False),
    Remedy.REQUIRE_PKCE: lambda wish: replace(wish, pkce_required=True),
    Remedy.ASK_ALWAYS: lambda wish: replace(wish, consent=ConsentMode.ALWAYS),
    Remedy.LOWER: lambda wish: replace(wish, permission=min(wish.permission, Permission.WRITE)),
}


def remedied(link: Link, remedy: Remedy, actor: str, env: Env, *, allow_http: bool) -> Change | Refused:
    """The change that a remedy is; empty where it is done already. Refused for a link that nobody uses any more."""
    if remedy is Remedy.DISABLE:
        done = link.standing is Standing.DISABLED
        return Change(()) if done else links.set_standing(link, Standing.DISABLED, actor, env)
    wish = as_it_is(link)
    better = _CHANGES[remedy](wish)
    if link.standing is Standing.DELETED:
        return Refused(Reason.NOT_FOUND)
    return Change(()) if better == wish else links.change(link, better, actor, env, allow_http=allow_http)


def as_it_is(link: Link) -> LinkWish:
    """The wish that would change nothing about a link."""
    return LinkWish(
        link.name, link.redirects, link.permission, None, link.consent, link.introspect, link.pkce_required,
        link.plain_pkce, link.absolute_lifetime,
    )  # fmt: skip
