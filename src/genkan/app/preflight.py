"""Whether the site takes the app's request at all, found out before a browser opens.

A provider that does not know the client id or the redirect shows the person a page and sends nothing back (RFC 6749
4.1.2.1), so that an app would wait for an answer that never comes. Owns that look; nothing is issued by it.
"""

from collections.abc import Callable
from dataclasses import replace

from genkan.app.flows import authorization_url, refused, secret
from genkan.app.outcomes import Problem, SiteSetUpWrong
from genkan.app.state import Site
from genkan.app.steps import Answer, Ask, Flow, Lost, ask
from genkan.wire.callback import CallbackRefused, parse_callback
from genkan.wire.redirects import find
from genkan.wire.refusal_pages import NOBODY, same_words

Draw = Callable[[int], bytes]

ACCEPT = ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
# A browser's person may be let in where 401 and 403 keep a program out, and the others pass.
REFUSALS = frozenset({400, 404, 410, 422})
LONGEST_PAGE = 1024 * 1024


def look(site: Site, redirect_uri: str, draw: Draw) -> Flow[SiteSetUpWrong | None]:
    """Ask as the browser will, without a session; why no browser needs to open, None where one may."""
    registered = find(site.redirect_uris, redirect_uri)
    if registered is None:
        return None
    state = secret(draw)
    answer = yield from _asked(site, redirect_uri, state, draw)
    if isinstance(answer, Lost):
        # A browser may have what it takes: a proxy, a certificate, an authority.
        return None
    if 300 <= answer.status <= 399:
        problem = _sent_back(site, answer, state, redirect_uri)
        return problem if isinstance(problem, SiteSetUpWrong) else None
    if answer.status not in REFUSALS or (yield from _is_everywhere(site, answer)):
        return None
    unknown = yield from _asked(replace(site, client_id=NOBODY), redirect_uri, state, draw)
    return SiteSetUpWrong(_sentence(site, registered, answer, unknown))


def _asked(site: Site, redirect_uri: str, state: str, draw: Draw) -> Flow[Answer | Lost]:
    url = authorization_url(site, redirect_uri, secret(draw), state)
    return (yield from ask(Ask("GET", url, (ACCEPT,), limit=LONGEST_PAGE)))


def _is_everywhere(site: Site, refusal: Answer) -> Flow[bool]:
    """Whether what stands in front of the site refuses programs at any path, or whoever shows no certificate."""
    # Servers say this in English, with a status of their own that leaves the house as 400.
    if "ssl certificate" in _text(refusal).lower():
        return True
    plain = yield from ask(Ask("GET", f"{site.base_url}/", (ACCEPT,), limit=LONGEST_PAGE))
    if isinstance(plain, Lost) or plain.status != refusal.status:
        return False
    return same_words(_text(plain), _text(refusal))


def _sent_back(site: Site, answer: Answer, state: str, redirect_uri: str) -> Problem | None:
    """A refusal that came without anybody being asked; that nobody is signed in is none."""
    location = answer.headers.get("location", "")
    came = parse_callback(location, state=state, redirect_uri=redirect_uri, issuer=None)
    return refused(site, came) if isinstance(came, CallbackRefused) else None


def _sentence(site: Site, registered: str, answer: Answer, unknown: Answer | Lost) -> str:
    if answer.status == 404 and isinstance(unknown, Answer) and unknown.status == 404:
        return f"{site.name} has no sign-in by OAuth 2.0 at {site.authorization_endpoint}: ask its administrator."
    if isinstance(unknown, Lost) or 300 <= unknown.status <= 399:
        return f"{site.name} refuses the app's request (status {answer.status}): its application link needs checking."
    if answer.status == unknown.status and same_words(_text(answer), _text(unknown)):
        return (
            f"{site.name} does not know the client id {site.client_id}: have it copied anew from the application link, "
            "and the link enabled where it is not."
        )
    return (
        f"{site.name} knows the client id and refuses it with the redirect address {registered}: have that added to "
        "the redirect URLs of the application link, or the link enabled where it is not."
    )


def _text(answer: Answer) -> str:
    return answer.body.decode("utf-8", "replace")
