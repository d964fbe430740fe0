"""Using, asking about and ending tokens: one rule whether an access token is live, and who may end what."""

from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from genkan.protocol.access import LAST_SEEN_STEP, RefreshTokenLive, access, introspect_refresh, revoke, sighting
from genkan.protocol.env import DAY, HOUR, SECOND
from genkan.protocol.facts import GrantFacts
from genkan.protocol.outcomes import Ended, EventKind, Live, Nothing, Refused, Sighting
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import GrantState, Link, Site, Standing
from genkan.protocol.sealing import Handle, Kind, new_grant_id
from genkan.wire.scopes import Permission
from tests.protocol.builders import (
    NOW,
    OTHER_KEY,
    a_grant,
    a_handle,
    a_link,
    a_site,
    a_web_link,
    an_account,
    an_env,
    grant_facts,
)

GRANT = a_grant()
LOST = GrantFacts(a_site(), None, None, None)


def bearer(**changes: Any) -> Handle:
    return a_handle(GRANT, **{"kind": Kind.ACCESS, **changes})


@pytest.mark.parametrize(("scope", "link", "person"), list(product(Permission, Permission, Permission)))
def test_what_a_token_may_do_is_the_least_of_three(scope: Permission, link: Permission, person: Permission) -> None:
    """The token's scope, the link's permission now, the person's right now."""
    grant = a_grant(access_scope=scope, scope=Permission.SYSTEM_ADMIN)
    facts = grant_facts(grant, link=a_link(permission=link), account=an_account(permission=person))
    live = access(bearer(), facts, an_env())
    assert isinstance(live, Live)
    assert live.permission is min(scope, link, person)
    assert (live.grant, live.link, live.account) == (facts.grant, facts.link, facts.account)


@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        (bearer(kind=Kind.REFRESH), Reason.TOKEN_KIND),
        (bearer(generation=1), Reason.TOKEN_OLD),
        (bearer(generation=0), Reason.TOKEN_OLD),
        (bearer(key_id=OTHER_KEY), Reason.TOKEN_OLD),
        (bearer(generation=3), Reason.STORE_BEHIND),
    ],
)
def test_only_the_present_access_token_opens(handle: Handle, reason: Reason) -> None:
    """An old one is inactive and no replay; a refresh token is never a bearer token; one ahead proves a loss."""
    refused = access(handle, grant_facts(GRANT), an_env())
    assert isinstance(refused, Refused)
    assert refused.reason is reason


@pytest.mark.parametrize(("left", "live"), [(1, True), (0, False), (-DAY, False)])
def test_an_access_token_expires_to_the_millisecond(left: int, live: bool) -> None:
    """expires_in zero is over."""
    found = access(bearer(), grant_facts(a_grant(access_expires_at=NOW + left)), an_env())
    assert isinstance(found, Live) if live else found == Refused(Reason.TOKEN_EXPIRED)


@pytest.mark.parametrize("generation", [1, 2, 3])
@pytest.mark.parametrize(
    ("row", "facts", "reason"),
    [
        ({"state": GrantState.ENDED, "reason": "replayed"}, {}, Reason.GRANT_ENDED),
        ({}, {"account": an_account(stop=1)}, Reason.GRANT_STOPPED),
        ({}, {"account": an_account(standing=Standing.DISABLED)}, Reason.GRANT_STOPPED),
        ({}, {"account": an_account(standing=Standing.DELETED)}, Reason.GRANT_STOPPED),
        ({}, {"account": None}, Reason.GRANT_STOPPED),
        ({}, {"link": a_link(stop=1)}, Reason.GRANT_STOPPED),
        ({}, {"link": a_link(standing=Standing.DELETED)}, Reason.GRANT_STOPPED),
        ({}, {"link": None}, Reason.GRANT_STOPPED),
        ({}, {"link": a_link(standing=Standing.DISABLED)}, Reason.LINK_DISABLED),
    ],
)
def test_what_is_over_is_over_for_every_token(
    generation: int, row: dict[str, Any], facts: dict[str, Any], reason: Reason
) -> None:
    """Old, present and ahead alike: nobody is asked to come back in a minute for what has ended."""
    refused = access(bearer(generation=generation), grant_facts(a_grant(**row), **facts), an_env())
    assert isinstance(refused, Refused)
    assert refused.reason is reason


@pytest.mark.parametrize(
    ("site", "rotated_at", "reason"),
    [
        (a_site(restored_at=NOW, heal_until=NOW + DAY), NOW - HOUR, Reason.TOKEN_OLD),
        (a_site(restored_at=NOW - HOUR, heal_until=NOW + 1), NOW, Reason.TOKEN_OLD),
        (a_site(restored_at=NOW - DAY, heal_until=NOW), NOW - DAY, Reason.TOKEN_OLD),
        (a_site(restored_at=NOW - DAY, heal_until=NOW), NOW - HOUR, Reason.STORE_BEHIND),
        (a_site(restored_at=NOW - HOUR), NOW - HOUR, Reason.TOKEN_OLD),
        (a_site(), NOW - HOUR, Reason.STORE_BEHIND),
    ],
)
def test_after_a_restore_a_token_ahead_is_out_of_date(site: Site, rotated_at: int, reason: Reason) -> None:
    """While the site heals a refresh heals it, and its client must learn that it has to; later it proves a loss of its
    own only where its row has moved since.
    """
    refused = access(bearer(generation=3), grant_facts(a_grant(rotated_at=rotated_at), site=site), an_env())
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.event is None) == (reason, reason is Reason.TOKEN_OLD)


@pytest.mark.parametrize(
    ("signed_in", "reason"),
    [(-HOUR, Reason.TOKEN_UNKNOWN), (10 * SECOND, Reason.TOKEN_UNKNOWN), (HOUR, Reason.STORE_BEHIND)],
)
def test_who_signed_in_between_backup_and_restore_signs_in_again(signed_in: int, reason: Reason) -> None:
    """Seconds later, too: the clocks of two nodes may differ by so much. What comes afterwards proves another loss."""
    restored_at = NOW - 2 * HOUR
    handle = bearer(grant_id=new_grant_id(an_env(restored_at + signed_in)))
    refused = access(handle, GrantFacts(a_site(restored_at=restored_at), None, None, None), an_env())
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.event is None) == (reason, reason is Reason.TOKEN_UNKNOWN)


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (0, Reason.STORE_BEHIND),
        (DAY - 1, Reason.STORE_BEHIND),
        (DAY, Reason.TOKEN_UNKNOWN),
        (-10 * SECOND, Reason.STORE_BEHIND),
    ],
)
def test_a_genuine_token_without_a_row(age: int, reason: Reason) -> None:
    """A young one proves that the store lost writes, and says so aloud; an old one's row was removed in time."""
    handle = bearer(grant_id=new_grant_id(an_env(NOW - age)))
    refused = access(handle, LOST, an_env())
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert (refused.event is not None and refused.retry_after == 60) == (reason is Reason.STORE_BEHIND)


def test_a_token_ahead_is_said_aloud() -> None:
    """The event names the sign-in and both generations."""
    refused = access(bearer(generation=9), grant_facts(GRANT), an_env())
    assert isinstance(refused, Refused)
    assert refused.event is not None
    assert (refused.event.kind, refused.event.grant_id) == (EventKind.STORE_BEHIND, GRANT.id)
    assert "9" in refused.event.detail


def test_the_first_sight_of_a_generation_is_noted_at_once() -> None:
    """Then that the phone is still there, every five minutes."""
    assert sighting(a_grant(), an_env()) == Sighting(GRANT.id, 2, NOW)
    assert sighting(a_grant(seen_generation=1, last_seen=NOW), an_env()) == Sighting(GRANT.id, 2, NOW)
    seen = a_grant(seen_generation=2, seen_at=NOW, last_seen=NOW)
    assert sighting(seen, an_env(NOW + LAST_SEEN_STEP - 1)) is None
    assert sighting(seen, an_env(NOW + LAST_SEEN_STEP)) == Sighting(GRANT.id, 2, NOW + LAST_SEEN_STEP)
    assert sighting(seen, an_env(NOW - HOUR)) is None, "a clock that was set back notes nothing older"


def test_every_way_of_using_a_token_is_a_sight() -> None:
    """REST, forward authentication and introspection see an access token, introspection a refresh token."""
    live = access(bearer(), grant_facts(GRANT), an_env())
    told = introspect_refresh(a_handle(GRANT), grant_facts(GRANT), a_link(), an_env())
    assert isinstance(live, Live)
    assert isinstance(told, RefreshTokenLive)
    assert live.sighting == told.sighting == Sighting(GRANT.id, 2, NOW)


@pytest.mark.parametrize("caller", [None, a_web_link(), a_web_link(introspect=True), a_link(id=12)])
def test_refresh_tokens_are_inactive_to_everyone_else(caller: Link | None) -> None:
    """API keys and foreign links learn nothing, whatever they may introspect."""
    told = introspect_refresh(a_handle(GRANT), grant_facts(GRANT), caller, an_env())
    assert told == Refused(Reason.TOKEN_FOREIGN)


def test_a_refresh_token_without_a_row_is_nobodys() -> None:
    """Whose it was cannot be told, so nobody is told anything."""
    assert introspect_refresh(a_handle(GRANT), LOST, a_link(), an_env()) == Refused(Reason.TOKEN_FOREIGN)


@pytest.mark.parametrize(
    ("handle", "row", "active"),
    [
        (a_handle(GRANT), {}, True),
        (a_handle(GRANT, generation=1), {}, False),
        (a_handle(GRANT, generation=3), {}, False),
        (a_handle(GRANT, key_id=OTHER_KEY), {}, False),
        (bearer(), {}, False),
        (a_handle(GRANT), {"state": GrantState.ENDED}, False),
        (a_handle(GRANT), {"refresh_expires_at": NOW}, False),
        (a_handle(GRANT), {"access_expires_at": NOW}, True),
    ],
)
def test_the_own_link_is_told_of_the_present_refresh_token(handle: Handle, row: dict[str, Any], active: bool) -> None:
    """Active is what would refresh now."""
    told = introspect_refresh(handle, grant_facts(replace(GRANT, **row)), a_link(), an_env())
    assert isinstance(told, RefreshTokenLive) == active


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("generation", [0, 1, 2, 3, 99])
@pytest.mark.parametrize("facts", [{}, {"link": a_link(standing=Standing.DISABLED)}, {"account": an_account(stop=1)}])
def test_any_genuine_token_of_the_own_link_ends_the_sign_in(kind: Kind, generation: int, facts: dict[str, Any]) -> None:
    """RFC 7009 2.1: access or refresh, of any generation, also while the link is disabled."""
    handle = a_handle(GRANT, kind=kind, generation=generation)
    outcome = revoke(handle, grant_facts(GRANT, **facts), a_link(), "192.0.2.7", an_env())
    assert isinstance(outcome, Ended)
    assert (outcome.grant_id, outcome.reason, outcome.at) == (GRANT.id, EndReason.SIGNED_OUT_BY_APP, NOW)
    assert outcome.refusal is None
    assert (outcome.event.address, outcome.event.reason) == ("192.0.2.7", "signed_out_by_app")


@pytest.mark.parametrize("kind", Kind)
def test_a_foreign_or_dead_token_ends_nothing(kind: Kind) -> None:
    """RFC 7009 2.2: answered like a revoked one."""
    handle = a_handle(GRANT, kind=kind)
    assert revoke(handle, grant_facts(GRANT), a_web_link(), "", an_env()) == Nothing()
    ended = grant_facts(a_grant(state=GrantState.ENDED))
    assert revoke(handle, ended, a_link(), "", an_env()) == Nothing()
    old = replace(handle, grant_id=new_grant_id(an_env(NOW - DAY)))
    assert revoke(old, LOST, a_link(), "", an_env()) == Nothing()


def test_revoking_what_the_store_lost_is_not_called_done() -> None:
    """RFC 7009 2.2.1: 200 would promise what may not hold once the lost writes are back."""
    handle = replace(bearer(), grant_id=new_grant_id(an_env()))
    outcome = revoke(handle, LOST, a_link(), "192.0.2.7", an_env())
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.retry_after) == (Reason.STORE_BEHIND, 60)
    assert outcome.event is not None
