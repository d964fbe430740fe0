"""How a program gets a session, as one flow for both faces of the library: the kept one, else a new sign-in.

Owns the order of its steps and raises what stops it; the choices are ``connecting``'s, the sign-in is ``arrival``'s.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from genkan.app import advice, arrival, entry_turn, keeping, leaving, undo
from genkan.app.agent import UserAgent
from genkan.app.connecting import (
    APPS_OWN,
    Link,
    Place,
    is_another_client,
    is_away,
    kept_session,
    name_meant,
    nobody,
    site_of,
    told,
    unread,
    wanted,
)
from genkan.app.conversation import Again, Conversation
from genkan.app.desktop import desktop_agent
from genkan.app.discovery import discover, wrong_redirect
from genkan.app.hop import Hop
from genkan.app.keeping import Keeper
from genkan.app.machine import Machine
from genkan.app.outcomes import Discovery, Kept, NotReady, Ready, Retry, SignedOut, SignInAgain, SiteSetUpWrong
from genkan.app.sealed import SealedVault
from genkan.app.shelter import Consent, shelter_of
from genkan.app.state import SessionState, Site
from genkan.app.steps import Flow, look, work
from genkan.app.troubles import SetUpWrong
from genkan.app.vault import Vault, VaultTrouble
from genkan.wire.managed import Managed
from genkan.wire.redirects import find

Stop: TypeAlias = NotReady | SignInAgain


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a program said when it started; None stands for what this machine has."""

    vault: Vault | None
    agent: UserAgent | None
    managed: Managed | None
    consent: Consent
    allow_http: bool
    examine: bool
    machine: Machine

    def place(self, address: str | None) -> Place:
        """The site that is named, as this program takes it."""
        return Place(address, self.managed, self.allow_http)

    def keeper(self, *, forgetting: bool = False) -> Flow[Keeper]:
        """The vault with what was kept before; raises ``VaultTrouble``."""
        vault = self.vault or (yield from work(lambda: self._found(forgetting)))
        return Keeper(vault, self.machine.now, self.machine.draw)

    def _found(self, forgetting: bool) -> Vault:
        return shelter_of(self.machine.environ).find(self.machine.draw, forgetting=forgetting)

    def _proved_keeper(self) -> Flow[Keeper]:
        # The place is proved first: a sign-in that cannot be kept would be lost after all the trouble of it.
        vault = self.vault or (
            yield from work(lambda: shelter_of(self.machine.environ).prepare(self.machine.draw, self.consent))
        )
        if isinstance(vault, SealedVault):
            yield from work(vault.unlock)
        return Keeper(vault, self.machine.now, self.machine.draw)

    def resume(self, address: str | None, account: str | None, link: Link = APPS_OWN) -> Flow["Resumed"]:
        """The kept session that is meant, if there is one, and whether it still stands."""
        keeper = yield from self.keeper()
        saved = yield from work(lambda: keeping.saved(keeper.vault))
        state = kept_session(saved, self.place(address), account, link)
        if state is None:
            return Resumed(keeper, None, stands=False, because="", spoilt=unread(saved), away=is_away(saved))
        if link.client_id is not None and link.client_secret is not None:
            # For this run: a mistyped one must not take the place of the one that is right for all others.
            keeper = replace(keeper, secret=(link.client_id, link.client_secret))
            state = replace(state, site=keeper.asked(state.site))
        found = yield from keeping.access(keeper, state.id)
        if isinstance(found, SiteSetUpWrong):
            if found.client_refused:
                return Resumed(keeper, state, stands=False, because="", refused=found)
            raise (yield from self._told(found, state.site.base_url, state.site))
        # Out of reach it is as good as before: an app starts signed in without a network too.
        because = found.sentence if isinstance(found, SignInAgain) else ""
        return Resumed(keeper, state, stands=not because, because=because)

    def enter(self, hop: Hop, address: str | None, link: Link, *, private: bool | None) -> Flow["Entered"]:
        """Sign in through the browser and keep the session, whatever is kept."""
        keeper = yield from self._proved_keeper()
        flow = self._enter(hop, keeper, address, link, None, private=private, account=None)
        return (yield from entry_turn.asked_for(keeper, self._address(address, link), flow))

    def _address(self, address: str | None, link: Link) -> str:
        return wanted(self.place(address), link).address

    def _enter(
        self,
        hop: Hop,
        keeper: Keeper,
        address: str | None,
        link: Link,
        resumed: "Resumed | None",
        *,
        private: bool | None,
        account: str | None,
    ) -> Flow["Entered"]:
        asked = wanted(self.place(address), link)
        if wrong := wrong_redirect(asked.redirect_uris):
            # The program's own fault: the site need not be looked at for it.
            raise told(wrong, "")
        found = yield from discover(asked)
        if resumed is not None and resumed.refused is not None:
            yield from self._see_another(resumed, resumed.refused, found, link)
        site = site_of(found, resumed.state if resumed else None, link, private)
        if not isinstance(site, Site):
            raise (yield from self._told(site, asked.address, None))
        # Where what was told before is all there is to go by, what the site says now tells more than its refusal.
        instead = None if isinstance(found, Ready) else found
        return Entered(keeper, (yield from self._walk(hop, keeper, site, account, instead)))

    def _see_another(self, resumed: "Resumed", refused: SiteSetUpWrong, found: Discovery, link: Link) -> Flow[None]:
        """A client that the site refuses ends its session where there is another to sign in by; raises otherwise."""
        before = resumed.state
        if before is None:
            return
        site = site_of(found, before, link, None)
        if isinstance(found, Ready) and isinstance(site, Site) and is_another_client(site, before.site):
            yield from keeping.change(resumed.keeper, before.id, lambda state: keeping.over(state, refused.sentence))
            return
        problem = refused if isinstance(found, Ready | Retry) else found
        raise (yield from self._told(problem, before.site.base_url, before.site))

    def _walk(
        self, hop: Hop, keeper: Keeper, site: Site, account: str | None, instead: NotReady | None
    ) -> Flow[SessionState]:
        # Here and not at the door, which tasks open in a thread that cannot take a signal.
        undo.take()
        no_door = yield from work(lambda: hop.open(self._own_agent(), site.redirect_uris))
        if no_door is not None:
            raise told(SiteSetUpWrong(no_door.sentence), "")
        kept = yield from arrival.sign_in(keeper, site, hop.redirect_uri, account=account)
        if not isinstance(kept, Kept):
            if instead is not None and isinstance(kept, SiteSetUpWrong):
                raise (yield from self._told(instead, site.base_url, site))
            registered = find(site.redirect_uris, hop.redirect_uri)
            raise (yield from self._told(kept, site.base_url, site, registered))
        for note in kept.notes:
            self.machine.say(note)
        return kept.state

    def _own_agent(self) -> UserAgent:
        return self.agent or desktop_agent(self.machine)

    def _told(self, problem: Stop, address: str, site: Site | None, redirect_uri: str | None = None) -> Flow[Exception]:
        if not self.examine:
            return told(problem, "")
        examine = partial(advice.advice_on, problem, address, self.machine, site, redirect_uri)
        return told(problem, (yield from look(examine)))

    def _again(self, link: Link, *, private: bool | None) -> Again:
        """How a kept session that turns out to be over is signed in again, as if that had been known at once."""

        def again(hop: Hop, state: SessionState) -> Flow[SessionState | None]:
            who = state.account.name if state.account else None
            flow = self.connect(hop, state.site.base_url, who, link, private=private, sign_in=True)
            try:
                return (yield from flow).state
            except SetUpWrong:
                if hop.no_way:
                    return None
                raise

        return again

    def leave_all(self, *, forget: bool) -> Flow[dict[str, str]]:
        """End every kept session; by their labels the sentences of those that could not be ended."""
        keeper = yield from self.keeper(forgetting=forget)
        ended = yield from leaving.sign_out_everywhere(keeper, forget=forget)
        return {label: outcome.sentence for label, outcome in ended if not isinstance(outcome, SignedOut)}

    def saved(self) -> Flow[tuple[SessionState, ...]]:
        """Every kept session that can be read."""
        keeper = yield from self.keeper()
        found = yield from work(lambda: keeping.saved(keeper.vault))
        return tuple(state for state in found if isinstance(state, SessionState))

    def connect(
        self, hop: Hop, address: str | None, account: str | None, link: Link, *, private: bool | None, sign_in: bool
    ) -> Flow["Entered"]:
        """The session at a site: the kept one where it stands, else a new one if that is wanted."""
        found = yield from self.resume(address, account, link)
        if found.state is not None and found.stands:
            return Entered(found.keeper, found.state, self._again(link, private=private) if sign_in else None)
        if not sign_in:
            if found.refused is not None and found.state is not None:
                raise (yield from self._told(found.refused, found.state.site.base_url, found.state.site))
            if found.away:
                # A new sign-in would fail there as well.
                raise VaultTrouble(found.spoilt)
            raise nobody(self.place(address), account, found.because, found.spoilt)
        keeper = yield from self._proved_keeper()
        there = address or (found.state.site.base_url if found.state else None)
        turn = entry_turn.turn_at(keeper, self._address(there, link))
        try:
            yield from entry_turn.wait(turn, self.machine)
            # Looked for again: whoever had the turn before may have signed in for both.
            found = yield from self.resume(address, account, link)
            if found.state is not None and found.stands:
                return Entered(found.keeper, found.state)
            if found.spoilt:
                self.machine.say(found.spoilt)
            who = name_meant(found.state, account)
            return (yield from self._enter(hop, keeper, there, link, found, private=private, account=who))
        finally:
            turn.give_back()


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was found in the vault."""

    keeper: Keeper
    state: SessionState | None
    stands: bool
    because: str
    refused: SiteSetUpWrong | None = None
    """Why the site does not take the session's client, which does not say that the sign-in has ended."""
    spoilt: str = ""
    """What cannot be read, where nothing else was found: it may have been the one that is meant."""
    away: bool = False
    """Whether it is the vault in use that fails."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A session that is signed in, and where it is kept."""

    keeper: Keeper
    state: SessionState
    again: Again | None = None

    def conversation(self) -> Conversation:
        """What a program does with it."""
        return Conversation(self.keeper, self.state, self.again)
