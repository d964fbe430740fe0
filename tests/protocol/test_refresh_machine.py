"""The grant life cycle against a model that reads like the specification, with every kind of trouble in between."""

import copy
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from genkan.protocol import accounts, links, phones
from genkan.protocol.access import RefreshTokenLive, access, introspect_refresh
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.links import APP_REDIRECTS
from genkan.protocol.outcomes import Ended, Live, Redeemed, Refused, Retried, Rotated
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Grant, GrantState, LinkKind, Standing
from genkan.protocol.refresh import RefreshOutcome
from genkan.protocol.ring import Ring, activate, add, revoke
from genkan.protocol.sealing import Handle, Kind, Unsealable
from genkan.wire.scopes import Permission
from tests.protocol.model import ACCESS, REFRESH, WINDOW, Phone
from tests.protocol.world import World

WORDS = {
    Reason.GRANT_ENDED: "over",
    Reason.GRANT_STOPPED: "over",
    Reason.LINK_DISABLED: "suspended",
    Reason.TOKEN_EXPIRED: "expired",
    Reason.TOKEN_FOREIGN: "foreign",
    Reason.REFRESH_SCOPE_CHANGED: "scope",
    Reason.ROTATING_TOO_FAST: "slow",
    Reason.STORE_BEHIND: "behind",
}
scopes = st.sampled_from([None, None, None, None, "READ", "READ", "WRITE", "ADMIN"])
WAITS = [0, 0, 1, 500, 1_000, 5_000, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW + 1, 2 * WINDOW, -1, -5_000, -20_000]
WAITS += [ACCESS // 2, ACCESS // 2 + 1, ACCESS, REFRESH // 2, -WINDOW - 1, -ACCESS]
waits = st.sampled_from(WAITS)
mostly = st.sampled_from([True] * 9 + [False])
rarely = st.sampled_from([False] * 9 + [True])


def word(outcome: RefreshOutcome) -> str:
    """The outcome as the model calls it."""
    match outcome:
        case Rotated():
            return "rotated"
        case Retried():
            return "retried"
        case Ended(reason=reason):
            assert reason is EndReason.REPLAYED
            return "replayed"
        case Refused(reason=reason):
            return WORDS[reason]


class GrantLifeCycle(RuleBasedStateMachine):
    """One sign-in, everybody who may hold a copy of any of its tokens, an administrator, and a clock that jumps."""

    @initialize()
    def sign_in(self) -> None:
        self.world = World()
        self.account = self.world.add_account("alice").id
        self.link = self.world.add_link(LinkWish("App", APP_REDIRECTS, Permission.WRITE, LinkKind.NATIVE)).link.id
        self.other = self.world.add_link(LinkWish("Other", APP_REDIRECTS, Permission.WRITE, LinkKind.NATIVE)).link.id
        redeemed = self.world.exchange(self.world.code(self.account, self.link), self.link)
        assert isinstance(redeemed, Redeemed)
        self.id, key, now = redeemed.grant.id, redeemed.grant.key_id, self.world.now
        self.model = Phone(0, {0: key}, access_until=now + ACCESS, refresh_until=now + REFRESH)
        self.issued = [(0, key)]
        self.successors: dict[tuple[int, int], tuple[int, int]] = {}
        self.past: list[tuple[Grant, Phone]] = []

    # --- Those who hold tokens

    @rule(wait=waits, scope=scopes, own=mostly)
    def refresh_with_the_newest(self, wait: int, scope: str | None, own: bool) -> None:
        self.show(self.issued[-1], wait, scope, own=own)

    @rule(wait=waits, scope=scopes, seen=st.booleans(), own=mostly)
    def retry(self, wait: int, scope: str | None, seen: bool, own: bool) -> None:
        """Show the token before the newest, with the successor used in between or not."""
        if seen:
            self.use(kept=True, by_refresh_token=False)
        self.show(self.issued[max(0, len(self.issued) - 2)], wait, scope, own=own)

    @rule(times=st.integers(2, 12), spread=st.sampled_from([0, 0, 100, 999, 1000]))
    def refresh_in_a_loop(self, times: int, spread: int) -> None:
        for _ in range(times):
            self.show(self.issued[-1], spread, None, own=True)

    @rule(back=st.integers(0, 12), wait=waits, own=mostly)
    def a_copy_is_shown(self, back: int, wait: int, own: bool) -> None:
        """Any token that was ever told; of the old ones only now and then, since that ends the story."""
        index = len(self.issued) - 1 - back // 4 if back < 12 else 0
        self.show(self.issued[max(0, index)], wait, None, own=own)

    def show(self, token: tuple[int, int], wait: int, scope: str | None, *, own: bool) -> None:
        self.world.now += wait
        generation, key = token
        if key in self.model.revoked:
            return
        expected = self.model.answer(generation, key, self.world.now, own=own, scope=scope)
        before = self.world.grants[self.id]
        outcome = self.world.refresh(
            self.minted(Kind.REFRESH, generation, key), self.link, scope=Permission[scope] if scope else None,
            client=self.world.links[self.link if own else self.other],
        )  # fmt: skip
        assert word(outcome) == expected
        self.follow(outcome, token, scope, before)

    def follow(self, outcome: RefreshOutcome, shown: tuple[int, int], scope: str | None, before: Grant) -> None:
        now = self.world.now
        match outcome:
            case Rotated(grant=grant):
                assert grant.key_id == self.world.ring.active.id
                self.past.append((before, copy.deepcopy(self.model)))
                self.model.rotated(*shown, grant.key_id, now, scope)
                self.tell(shown, grant)
            case Retried(grant=grant):
                self.model.retried(now)
                assert grant.retries == before.retries + 1
                self.tell(shown, grant)
            case Ended():
                self.model.ended = True
            case Refused():
                assert self.world.grants[self.id] == before, "a refusal changes nothing"

    def tell(self, shown: tuple[int, int], grant: Grant) -> None:
        """Promise 3: one predecessor, one successor."""
        told = (grant.generation, grant.key_id)
        assert self.successors.setdefault(shown, told) == told
        if told not in self.issued:
            self.issued.append(told)

    @rule(kept=st.booleans(), by_refresh_token=st.booleans())
    def use(self, kept: bool, by_refresh_token: bool) -> None:
        """Use the present token; the lazy note of it may be lost."""
        grant = self.world.grants[self.id]
        if grant.key_id in self.model.revoked:
            return
        tokens = self.world.tokens(grant)
        found: RefreshTokenLive | Live | Refused = (
            self.world.introspect_refresh(tokens.refresh, self.link)
            if by_refresh_token
            else self.world.access(tokens.access)
        )
        if not isinstance(found, Refused) and found.sighting is not None and kept:
            self.world.note(found.sighting)
            if self.model.seen_since is None:
                self.model.seen_since = self.world.now

    # --- The clock, the ring, the store

    @rule(months=rarely, forward=st.booleans())
    def a_clock_jumps(self, months: bool, forward: bool) -> None:
        self.world.now += (REFRESH if months else ACCESS) * (1 if forward else -1)

    @rule()
    def keys_rotate(self) -> None:
        grown = add(self.world.ring, self.world.env)
        moved = activate(grown, grown.keys[-1].id)
        assert isinstance(moved, Ring)
        self.world.ring = moved

    @precondition(lambda self: len(self.world.ring.keys) > 1)
    @rule(pick=st.integers(0, 5), sure=rarely)
    def a_key_is_revoked(self, pick: int, sure: bool) -> None:
        if not sure:
            return
        key = self.world.ring.keys[pick % len(self.world.ring.keys)]
        revoked = revoke(self.world.ring, key.id, self.world.env)
        if isinstance(revoked, Ring):
            self.world.ring = revoked
            self.model.revoked.add(key.id)

    @precondition(lambda self: self.past and not self.model.over)
    @rule(lost=st.integers(1, 3), healing=st.booleans())
    def the_store_loses_writes(self, lost: int, healing: bool) -> None:
        """The last rotations are gone from the row; whoever heard of them still holds their tokens."""
        row, model = self.past[-min(lost, len(self.past))]
        self.world.grants[self.id] = row
        self.model = replace(model, suspended=self.model.suspended, revoked=self.model.revoked)
        self.past.clear()
        self.successors.clear()
        self.healing_begins_or_ends(healing)

    @rule(healing=st.booleans())
    def healing_begins_or_ends(self, healing: bool) -> None:
        self.model.healing = healing
        self.world.site = replace(self.world.site, heal_until=2**62 if healing else 0)

    # --- The administrator and the person

    @rule(standing=st.sampled_from([Standing.DISABLED] + [Standing.ACTIVE] * 4))
    def the_link_is_switched(self, standing: Standing) -> None:
        self.world.change(links.set_standing(self.world.links[self.link], standing, "admin", self.world.env))
        self.model.suspended = standing is Standing.DISABLED

    @precondition(lambda self: len(self.issued) > 2)
    @rule(signs_out=st.booleans(), sure=rarely)
    def the_phone_is_signed_out(self, signs_out: bool, sure: bool) -> None:
        if not sure:
            return
        if signs_out:
            grant = self.world.grants[self.id]
            self.world.change(phones.sign_out(grant, EndReason.SIGNED_OUT_BY_PERSON, "alice", self.world.env))
            self.model.ended = True
        else:
            account = self.world.accounts[self.account]
            reason = EndReason.PERSON_SIGNED_OUT_EVERYWHERE
            self.world.change(accounts.sign_out_everywhere(account, reason, "admin", self.world.env))
            self.model.stopped = True

    # --- What holds at every moment

    @invariant()
    def the_row_is_what_the_model_says(self) -> None:
        row = self.world.grants[self.id]
        assert (row.generation, row.key_id) == (self.model.generation, self.model.keys[self.model.generation])
        assert (row.access_expires_at, row.refresh_expires_at) == (self.model.access_until, self.model.refresh_until)
        assert (row.state is GrantState.ENDED) == self.model.ended
        assert row.access_scope is (Permission.READ if self.model.narrow else Permission.WRITE)

    @invariant()
    def only_the_present_access_token_opens(self) -> None:
        """Promise 2 for access tokens, and that an old one is inactive and never a replay."""
        for generation, key in self.issued:
            handle = self.world.sealer.open_token(self.minted(Kind.ACCESS, generation, key))
            if isinstance(handle, Unsealable):
                assert key in self.model.revoked
                continue
            live = isinstance(access(handle, self.world.facts(handle), self.world.env), Live)
            assert live == self.model.opens(generation, key, self.world.now)

    @invariant()
    def introspection_says_what_a_refresh_would_do(self) -> None:
        """RFC 7662 for the own link: active exactly when a refresh would not be refused for good."""
        for generation, key in self.issued:
            if key in self.model.revoked:
                continue
            handle = Handle(Kind.REFRESH, key, self.id, generation)
            active = introspect_refresh(
                handle, self.world.facts(handle), self.world.links[self.link], self.world.env
            )  # fmt: skip
            current = (generation, key) == (self.model.generation, self.model.keys[self.model.generation])
            verdict = self.model.answer(generation, key, self.world.now, own=True, scope=None)
            assert isinstance(active, RefreshTokenLive) == (current and verdict in {"rotated", "slow"})

    def minted(self, kind: Kind, generation: int, key: int) -> str:
        """The text as it was minted before its key was revoked."""
        if key in self.model.revoked:
            return "gone"
        return self.world.sealer.token(kind, key, self.id, generation)


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        GrantLifeCycle,
        settings=settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck)),
    )


def test_the_life_cycle_of_a_grant() -> None:
    """Whatever happens in whatever order, the rules answer as the specification says, and promises 2 to 4 hold."""
    run(120, 40)


@pytest.mark.long
def test_the_life_cycle_of_a_grant_for_long() -> None:
    """The same with many more and longer histories."""
    run(3000, 60)
