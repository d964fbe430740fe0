"""A site in miniature: the rules composed as handlers compose them, over a memory of dictionaries that keeps the
conditions that outcomes state.
"""

from copy import copy
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from genkan.protocol import accounts, links
from genkan.protocol.access import RefreshTokenLive, access, introspect_refresh
from genkan.protocol.authorize import GoOn, consider
from genkan.protocol.env import Env
from genkan.protocol.facts import CodeFacts, GrantFacts, SessionFacts
from genkan.protocol.interaction import Decision, HubFacts, Issue, next_step, open_interaction, seal_interaction
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.outcomes import Change, Ended, Live, Redeemed, Refused, Retried, Rotated, Sighting, Writable
from genkan.protocol.policy import Lifetimes
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Consent, Grant, GrantState, Link
from genkan.protocol.redeem import RedeemAsked, redeem
from genkan.protocol.refresh import RefreshAsked, RefreshOutcome, refresh
from genkan.protocol.ring import new_ring
from genkan.protocol.sealing import Code, Handle, Kind, Sealer
from tests.protocol.builders import NOW, SITE_ID, VERIFIER, a_session, a_site, authorize_asked, draws
from tests.protocol.memory import steps_applied


@dataclass(frozen=True)
class Tokens:
    """What a client keeps after an answer."""

    access: str
    refresh: str


class World:
    """Accounts, links, grants and consents by id; `now` is the clock of the one node."""

    def __init__(self, lifetimes: Lifetimes | None = None) -> None:
        self.now = NOW
        self.draw = draws()
        self.lifetimes = lifetimes or Lifetimes()
        self.ring = new_ring(self.env)
        self._sealer = Sealer(self.ring, SITE_ID)
        self.site = a_site()
        self.accounts: dict[int, Account] = {}
        self.links: dict[int, Link] = {}
        self.grants: dict[bytes, Grant] = {}
        self.consents: dict[tuple[int, int], Consent] = {}

    @property
    def env(self) -> Env:
        return Env(self.now, self.draw)

    @property
    def sealer(self) -> Sealer:
        if self._sealer.ring is not self.ring:
            self._sealer = Sealer(self.ring, SITE_ID)
        return self._sealer

    # --- Administration

    def add_account(self, name: str, **wish: Any) -> Account:
        made = accounts.create(accounts.AccountWish(name, **wish), "test", self.env)
        assert isinstance(made, accounts.NewAccount)
        self.change(made.change)
        return made.account

    def add_link(self, wish: LinkWish) -> links.NewLink:
        made = links.create(wish, "test", self.env)
        assert isinstance(made, links.NewLink)
        self.change(made.change)
        return made

    def change(self, change: Change | Refused) -> None:
        """A change that must succeed."""
        assert isinstance(change, Change)
        assert self.apply(change)

    # --- The provider, one method an endpoint

    def code(self, account_id: int, link_id: int, **asked: Any) -> str:
        """Authorize, sign in, allow: the code that reaches the application."""
        link, account = self.links[link_id], self.accounts[account_id]
        considered = consider(authorize_asked(link, **asked), link, self.env)
        assert isinstance(considered, GoOn), considered
        sealed = seal_interaction(self.sealer, considered.interaction, self.env)
        interaction = open_interaction(self.sealer, sealed, self.env, self.lifetimes)
        assert not isinstance(interaction, Refused)
        person = SessionFacts(a_session(account, auth_time=self.now), account)
        facts = HubFacts(link, person, self.consents.get((account_id, link_id)), None, a_site())
        issued = next_step(interaction, facts, Decision.ALLOW, self.env)
        assert isinstance(issued, Issue), issued
        return self.sealer.code(issued.code, self.env)

    def exchange(self, text: str, link_id: int, **changes: Any) -> Redeemed | Ended | Refused:
        """The code exchange, applied."""
        code = self.sealer.open_code(text)
        assert isinstance(code, Code), "the seal holds"
        link = self.links[link_id]
        asked = RedeemAsked(
            code, link, link.redirects[0], VERIFIER, None, "app", "192.0.2.7", "192.0.2.0/24", self.ring.active.id
        )
        outcome = redeem(structs.replace(asked, **changes), self.code_facts(code), self.env, self.lifetimes)
        if not isinstance(outcome, Refused):
            assert self.apply(outcome)
        return outcome

    def sign_in(self, account_id: int, link_id: int) -> Tokens:
        """The whole way of one phone."""
        redeemed = self.exchange(self.code(account_id, link_id), link_id)
        assert isinstance(redeemed, Redeemed), redeemed
        return self.tokens(redeemed.grant)

    def refresh(self, token: str, link_id: int, **changes: Any) -> RefreshOutcome:
        """The refresh, applied."""
        sealer, handle = self.sealer, self.handle(token)
        asked = RefreshAsked(
            handle, self.links[link_id], None, None, "app", "192.0.2.7", "192.0.2.0/24",
            sealer.active_id, sealer.known_keys, sealer.retired_keys,
        )  # fmt: skip
        outcome = refresh(structs.replace(asked, **changes), self.facts(handle), self.env, self.lifetimes)
        if not isinstance(outcome, Refused):
            assert self.apply(outcome)
        return outcome

    def access(self, token: str) -> Live | Refused:
        """REST, forward authentication and introspection alike."""
        handle = self.handle(token)
        return access(handle, self.facts(handle), self.env)

    def introspect_refresh(self, token: str, link_id: int) -> RefreshTokenLive | Refused:
        handle = self.handle(token)
        return introspect_refresh(handle, self.facts(handle), self.links[link_id], self.env)

    # --- Memory

    def handle(self, token: str) -> Handle:
        opened = self.sealer.open_token(token)
        assert isinstance(opened, Handle), "the seal holds"
        return opened

    def tokens(self, grant: Grant) -> Tokens:
        """What an answer about this row says."""
        mint = self.sealer.token
        return Tokens(
            mint(Kind.ACCESS, grant.key_id, grant.id, grant.generation),
            mint(Kind.REFRESH, grant.key_id, grant.id, grant.generation),
        )

    def facts(self, handle: Handle) -> GrantFacts:
        grant = self.grants.get(handle.grant_id)
        if grant is None:
            return GrantFacts(self.site, None, None, None)
        return GrantFacts(self.site, grant, self.links.get(grant.link_id), self.accounts.get(grant.account_id))

    def code_facts(self, code: Code) -> CodeFacts:
        consent = self.consents.get((code.account_id, code.link_id))
        return CodeFacts(
            self.site, self.accounts.get(code.account_id), self.links.get(code.link_id),
            consent.mark if consent else 0, self.grants.get(code.grant_id),
        )  # fmt: skip

    def note(self, sighting: Sighting) -> None:
        """The lazy write: the first sight of a generation stays."""
        grant = self.grants[sighting.grant_id]
        if sighting.generation > grant.seen_generation:
            grant = structs.replace(grant, seen_generation=sighting.generation, seen_at=sighting.at)
        self.grants[grant.id] = structs.replace(grant, last_seen=sighting.at)

    def apply(self, outcome: Writable) -> bool:
        """The one write: True, or False and nothing happened."""
        match outcome:
            case Redeemed(grant=grant):
                return self._redeemed(grant, outcome.consent_mark)
            case Rotated(seen=seen, grant=grant):
                return self._put(grant, seen.generation)
            case Retried(grant=grant):
                return self._put(grant, grant.generation)
            case Ended(grant_id=grant_id, reason=reason, at=at):
                self.end(grant_id, reason, at)
                return True
            case Change(steps=steps):
                tried = copy(self)
                tried.accounts, tried.links, tried.grants = dict(self.accounts), dict(self.links), dict(self.grants)
                tried.consents = dict(self.consents)
                done = steps_applied(tried, steps)
                if done:
                    self.__dict__.update(tried.__dict__)
                return done

    def end(self, grant_id: bytes, reason: EndReason, at: int) -> None:
        """The first reason stays."""
        grant = self.grants[grant_id]
        if grant.state is GrantState.LIVE:
            self.grants[grant_id] = structs.replace(grant, state=GrantState.ENDED, reason=reason, ended_at=at)

    def _redeemed(self, grant: Grant, mark: int) -> bool:
        consent = self.consents.get((grant.account_id, grant.link_id))
        counters = (self.accounts[grant.account_id].stop, self.links[grant.link_id].stop)
        if grant.id in self.grants or counters != (grant.account_stop, grant.link_stop):
            return False
        if (consent.mark if consent else 0) != mark:
            return False
        self.grants[grant.id] = grant
        return True

    def _put(self, grant: Grant, generation: int) -> bool:
        row = self.grants[grant.id]
        if row.state is not GrantState.LIVE or row.generation != generation:
            return False
        self.grants[grant.id] = grant
        return True
