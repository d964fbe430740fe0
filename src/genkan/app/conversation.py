"""What a program does with a connection, as flows that end in what the program gets or raise why there is nothing.

Owns that once for both faces of the library: ``client`` runs these flows in threads, ``client_async`` as tasks.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from genkan.app import following, keeping, pipes, sending
from genkan.app.files import MOST_HELD, WholeFile
from genkan.app.following import Held
from genkan.app.hop import Hop
from genkan.app.keeping import Keeper
from genkan.app.outcomes import Access, Problem, SignInAgain, SiteSetUpWrong
from genkan.app.reply import Reply
from genkan.app.sending import Given
from genkan.app.state import Account, SessionState, Site
from genkan.app.steps import Call, Flow, Sink, work

T = TypeVar("T")


class Again(Protocol):
    """Signs the same account in again; None where no way leads to a person."""

    def __call__(self, hop: Hop, state: SessionState) -> Flow[SessionState | None]: ...


class Conversation:
    """One signed-in account at one site, whatever the driver.

    ``again`` is there for a session that was kept: what was kept may have been ended at the site since, which shows
    only when it is first used. Once the site has taken it, its end is told and no browser opens unasked.
    """

    def __init__(self, keeper: Keeper, state: SessionState, again: Again | None = None) -> None:
        self._keeper = keeper
        self._state = state
        self._again = again
        self._left = False
        self.id = state.id
        self.account = state.account

    @property
    def site(self) -> Site:
        """The site as it was found when somebody signed in."""
        return self._state.site

    def access(self, hop: Hop, rejected: str | None = None) -> Flow[Access]:
        """An access token with when it runs out; ``rejected`` is one that the site refused."""
        found = yield from self._use(hop, lambda held: keeping.access(self._keeper, held, rejected))
        access = sending.access_in(found)
        if self._state.tokens is None or access.token != self._state.tokens.access:
            # Renewed: the site has just taken the session.
            self._again = None
        return access

    def headers(self, hop: Hop) -> Flow[dict[str, str]]:
        """What a request of the program's own has to carry, for this moment."""
        return {"Authorization": f"Bearer {(yield from self.access(hop)).token}"}

    def is_refused(self, token: str, url: str, headers: Mapping[str, str]) -> Flow[bool]:
        """Whether a 401 to a request of the program's own says that the site does not take this token."""
        path = sending.path_below(self.site, url)
        named = {name.lower(): value for name, value in headers.items()}
        return (yield from keeping.is_about_the_token(self.site, token, path, named))

    def request(self, hop: Hop, given: Given) -> Flow[Reply]:
        """One request of the site's API; ``ValueError`` for what cannot be sent."""
        return (yield from self._request(hop, (yield from self._call_of(given))))

    def download(self, hop: Hop, given: Given, to: Path | Sink) -> Flow[Reply]:
        """The same where the answer is a file; a path gets it when it is whole, and else stays as it was."""
        call = yield from self._call_of(replace(given, accept=sending.ANY))
        if given.method.upper() == "HEAD":
            # RFC 9110 9.3.2: its answer is headers, which would make an empty file of one that is not
            raise ValueError("a HEAD request has no body to download")
        if isinstance(to, Sink):
            return sending.file_in((yield from self._request(hop, replace(call, sink=to))))
        file = WholeFile(to, self._keeper.draw)
        try:
            # The place is proved first: what a request did cannot be had again.
            yield from file.proved(given.timeout)
            sink = Sink(file.write, within=file.within)
            reply = sending.file_in((yield from self._request(hop, replace(call, sink=sink))))
            yield from work(file.finish)
            return reply
        finally:
            file.discard()

    def _call_of(self, given: Given) -> Flow[Call]:
        # Before anything else: what cannot be sent opens no browser for a session that has ended.
        sending.see_path(self.site, given.path)
        if isinstance(given.body, Path):
            sending.call_of(replace(given, body=b""))
            content = yield from pipes.content_of(given.body, MOST_HELD, given.timeout)
            meant = given if content is None else replace(given, body=content)
            return (yield from work(lambda: sending.call_of(meant)))
        return sending.call_of(given)

    def _request(self, hop: Hop, call: Call) -> Flow[Reply]:
        found = yield from self._use(hop, lambda held: keeping.call(self._keeper, held, call))
        reply = sending.reply_in(found, self.site)
        self._again = None
        return reply

    def whoami(self, hop: Hop) -> Flow[Account]:
        """Whom the site takes this session for, by asking it."""
        found = yield from self._use(hop, lambda held: keeping.whoami(self._keeper, held))
        self.account = sending.account_in(found, self.site)
        self._again = None
        return self.account

    def sign_out(self, *, forget: bool = False) -> Flow[None]:
        """End the session at the site, then forget it here."""
        ended = yield from following.sign_out(self._keeper, self._held(), forget=forget)
        sending.see_ended(ended, forget=forget)
        self._left = True

    def _held(self) -> Held:
        # Somebody who signed out here is not signed in again by another program's session.
        return Held(self.id, self.site, None if self._left else self.account)

    def _use(self, hop: Hop, use: Callable[[str], Flow[T | Problem]]) -> Flow[T | Problem]:
        self.id, outcome = yield from following.followed(self._keeper, self._held(), use)
        again = self._again
        if again is None or self._left or not _is_over(outcome):
            return outcome
        try:
            state = yield from again(hop, self._state)
        finally:
            # Once is enough: who did not sign in now is not asked at every request.
            self._again = None
        if state is None:
            return outcome
        # Its site too: it may have been by another client, and who follows this session looks for that one's.
        self.id, self.account, self._state = state.id, state.account, state
        return (yield from use(state.id))


def _is_over(outcome: object) -> bool:
    """Whether a new sign-in may help: the session has ended, or the site takes its client no more."""
    return isinstance(outcome, SignInAgain) or (isinstance(outcome, SiteSetUpWrong) and outcome.client_refused)
