"""What a code, a refresh, a retry and an end write, and the facts that each of them is conditional on."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.outcomes import EventKind, PutAccount, PutLink, RaiseStop, Retried, Rotated, Step, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, GrantState, Link, Method, Standing
from genkan.store.api import Store
from genkan.wire.scopes import Permission
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    added,
    an_account,
    an_event,
    ended,
    redeemed,
    rotated,
    successor,
)
from tests.store.reading import the_events, the_reason, the_row

DEVICE = b"the same phone!!"


# --- Redeeming a code -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {},
        {
            "scope": Permission.SYSTEM_ADMIN, "access_scope": Permission.READ, "generation": 2**31 - 1,
            "key_id": 65535, "previous_key_id": 1, "method": Method.PWD | Method.RECOVERY, "device": DEVICE,
            "seen_generation": 2**31 - 2, "seen_at": NOW + 5, "last_seen": NOW + 6, "retries": 9,
        },
        {"rotation_due": NOW, "auth_time": NOW, "seen_at": NOW, "last_seen": NOW, "redirect": b""},
        {"rotation_due": 1, "auth_time": 1, "seen_at": 1, "last_seen": NOW - 1, "access_expires_at": 0},
        {"id": b"\xff" * 16},
        {"id": bytes(16), "user_agent": "é\U0001f4f1", "ended_at": NOW},
        {"user_agent": "", "address": "", "network": ""},
        {"address": "2001:db8::1", "network": "2001:db8::/48"},
        {"address": "2001:DB8::1"},
        {"address": "::ffff:192.0.2.1"},
        {"address": "192.0.2.01"},
        {"address": "unix: not an address"},
        {"state": GrantState.ENDED, "reason": "a reason of its own", "ended_at": NOW + HOUR},
        {"certificate": 2**31},
    ],
)  # fmt: skip
async def test_a_grant_is_read_as_it_was_written(
    store: Store, account: Account, link: Link, values: dict[str, Any]
) -> None:
    """Every field of a grant survives the store, whatever its value."""
    grant = a_grant(account, link, **values)
    assert await store.apply(redeemed(grant))
    facts = await store.grant_facts(grant.id)
    assert facts.grant == grant
    assert (facts.account, facts.link, facts.site) == (account, link, await store.site())


async def test_redeeming_writes_its_event(store: Store, account: Account, link: Link) -> None:
    """A sign-in and its line of the audit are one write."""
    outcome = redeemed(a_grant(account, link))
    assert await store.apply(outcome)
    assert await the_events(store) == [outcome.event]


async def test_a_code_is_redeemed_once(store: Store, account: Account, link: Link) -> None:
    """A second grant under the same id is refused, changes nothing and tells nobody."""
    grant = a_grant(account, link)
    assert await store.apply(redeemed(grant))
    assert not await store.apply(redeemed(structs.replace(grant, user_agent="another", generation=7)))
    assert await the_row(store, grant) == grant
    assert len(await the_events(store)) == 1


async def test_a_code_is_not_redeemed_again_after_its_grant_ended(store: Store, grant: Grant) -> None:
    """The tombstone keeps the code dead."""
    await store.apply(ended(grant))
    assert not await store.apply(redeemed(grant))
    assert (await the_row(store, grant)).state is GrantState.ENDED


@pytest.mark.parametrize("subject", [Subject.ACCOUNT, Subject.LINK, Subject.EVERYTHING])
async def test_a_stop_between_issue_and_redemption_kills_the_code(
    store: Store, account: Account, link: Link, subject: Subject
) -> None:
    """A code carries the counters as they were; one that moved on refuses it."""
    subject_id = {Subject.ACCOUNT: account.id, Subject.LINK: link.id, Subject.EVERYTHING: 0}[subject]
    assert await store.apply(a_change(RaiseStop(subject, subject_id, EndReason.LINK_SIGNED_OUT, NOW)))
    grant = a_grant(account, link)
    assert not await store.apply(redeemed(grant))
    assert (await store.grant_facts(grant.id)).grant is None
    by_link = subject is Subject.LINK
    assert await store.apply(redeemed(structs.replace(grant, account_stop=int(not by_link), link_stop=int(by_link))))


@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.DELETED])
@pytest.mark.parametrize("whose", ["account", "link"])
async def test_only_an_active_person_and_link_sign_in(
    store: Store, account: Account, link: Link, whose: str, standing: Standing
) -> None:
    """Disabled or deleted after the code was issued: it redeems nothing, whatever the counters say."""
    steps: dict[str, Step] = {
        "account": PutAccount(replace(account, standing=standing, version=2)),
        "link": PutLink(replace(link, standing=standing, version=2)),
    }
    assert await store.apply(a_change(steps[whose]))
    assert not await store.apply(redeemed(a_grant(account, link)))


async def test_unknown_people_and_links_sign_nobody_in(store: Store, account: Account, link: Link) -> None:
    """Without both rows there is nothing to be conditional on."""
    assert not await store.apply(redeemed(a_grant(an_account(), link)))
    assert not await store.apply(redeemed(a_grant(account, a_link())))


async def test_the_same_phone_replaces_its_earlier_sign_in(store: Store, account: Account, link: Link) -> None:
    """The same person, link and device: the earlier one ends with its reason and its event, in the same write."""
    earlier, later = (a_grant(account, link, now=NOW + i, device=DEVICE) for i in range(2))
    assert await store.apply(redeemed(earlier))
    assert await store.apply(redeemed(later))
    row = await the_row(store, earlier)
    assert (row.state, row.reason, row.ended_at) == (GrantState.ENDED, EndReason.SIGNED_IN_AGAIN, NOW + 1)
    assert await the_row(store, later) == later
    told = [(e.kind, e.grant_id, e.reason) for e in await the_events(store)]
    assert told[1:] == [
        (EventKind.GRANT_ENDED, earlier.id, EndReason.SIGNED_IN_AGAIN),
        (EventKind.SIGNED_IN, later.id, ""),
    ]


async def test_other_phones_people_and_links_are_not_replaced(store: Store, account: Account, link: Link) -> None:
    """One of the three differs, or there is no mark: both sign-ins stay. A mark that starts the same is another one."""
    other_person, other_link = an_account(), a_link()
    assert await store.apply(added(other_person, other_link))
    others = [
        a_grant(other_person, link, device=DEVICE),
        a_grant(account, other_link, device=DEVICE),
        a_grant(account, link, device=DEVICE[:4] + b"another one!"),
        a_grant(account, link),
        a_grant(account, link),
    ]
    for grant in [*others, a_grant(account, link, device=DEVICE)]:
        assert await store.apply(redeemed(grant))
    assert [await the_row(store, grant) for grant in others] == others


# --- Refreshing -------------------------------------------------------------------------------------------------------


async def test_rotation_moves_the_row(store: Store, grant: Grant) -> None:
    """A refresh writes the next generation with its keys, expiries and scope, and where it came from."""
    after = successor(
        grant, NOW + HOUR, key_id=99, access_scope=Permission.READ, user_agent="another", network="2001:db8::/48"
    )
    assert await store.apply(Rotated(grant, after))
    assert await the_row(store, grant) == after
    assert len(await the_events(store)) == 1, "a refresh is no audit row"


async def test_rotation_needs_the_generation_that_was_read(store: Store, grant: Grant) -> None:
    """A second rotation from the same row finds that it moved on."""
    assert await store.apply(rotated(grant, NOW + HOUR))
    assert not await store.apply(rotated(grant, NOW + HOUR + 1, user_agent="the slower one"))
    assert await the_row(store, grant) == successor(grant, NOW + HOUR)


async def test_rotation_leaves_what_was_seen_and_retried_alone(store: Store, grant: Grant) -> None:
    """What another write counted since the row was read stays counted."""
    assert await store.apply(Retried(structs.replace(grant, retries=1)))
    assert await store.apply(rotated(grant, NOW + HOUR, retries=0, seen_generation=5, seen_at=NOW, last_seen=NOW))
    row = await the_row(store, grant)
    assert (row.generation, row.retries, row.seen_generation, row.seen_at, row.last_seen) == (1, 1, -1, 0, 0)


async def test_an_ended_grant_is_not_rotated(store: Store, grant: Grant) -> None:
    """Ending is for ever."""
    await store.apply(ended(grant))
    assert not await store.apply(rotated(grant, NOW + HOUR))
    row = await the_row(store, grant)
    assert (row.state, row.generation) == (GrantState.ENDED, 0)


async def test_healing_moves_the_row_ahead_and_tells(store: Store, grant: Grant) -> None:
    """A rotation may skip generations that the store lost; its event is written with it."""
    healed = structs.replace(successor(grant, NOW + HOUR), generation=42)
    event = an_event(EventKind.GRANT_HEALED, grant_id=grant.id)
    assert await store.apply(Rotated(grant, healed, event))
    assert await the_row(store, grant) == healed
    assert (await the_events(store))[-1] == event


async def test_a_refused_rotation_tells_nothing(store: Store, grant: Grant) -> None:
    """No event without its change."""
    await store.apply(ended(grant))
    before = await the_events(store)
    assert not await store.apply(Rotated(grant, successor(grant, NOW), an_event(EventKind.GRANT_HEALED)))
    assert await the_events(store) == before


async def test_a_retry_counts_and_restarts_the_access_token(store: Store, grant: Grant) -> None:
    """The same generation told again: one more retry, and the expiry that was told with it."""
    later = NOW + 3 * HOUR
    event = an_event(EventKind.GRANT_RETRIED_ELSEWHERE, grant_id=grant.id)
    assert await store.apply(Retried(structs.replace(grant, access_expires_at=later, retries=1), event))
    assert await the_row(store, grant) == structs.replace(grant, access_expires_at=later, retries=1)
    assert (await the_events(store))[-1] == event


async def test_two_retries_of_one_row_both_count(store: Store, grant: Grant) -> None:
    """Retries add up, and none takes back the time that another one was told."""
    assert await store.apply(Retried(structs.replace(grant, access_expires_at=NOW + 3 * HOUR, retries=1)))
    assert await store.apply(Retried(structs.replace(grant, retries=1)))
    row = await the_row(store, grant)
    assert (row.retries, row.access_expires_at) == (2, NOW + 3 * HOUR)


async def test_a_retry_needs_the_generation_that_was_read(store: Store, grant: Grant) -> None:
    """The row moved on: there is no such successor any more, and no event."""
    assert await store.apply(rotated(grant, NOW + MINUTE))
    assert not await store.apply(
        Retried(structs.replace(grant, retries=1), an_event(EventKind.GRANT_RETRIED_ELSEWHERE))
    )
    assert (await the_row(store, grant)).retries == 0
    assert len(await the_events(store)) == 1


async def test_an_ended_grant_is_not_retried(store: Store, grant: Grant) -> None:
    """Ended beats retry, always."""
    await store.apply(ended(grant))
    assert not await store.apply(Retried(structs.replace(grant, retries=1)))
    assert (await the_row(store, grant)).retries == 0


# --- Ending -----------------------------------------------------------------------------------------------------------


async def test_an_end_says_why_and_when(store: Store, grant: Grant) -> None:
    """The row keeps the reason, and the audit tells of it."""
    outcome = ended(grant, EndReason.REPLAYED, NOW + HOUR)
    assert await store.apply(outcome)
    row = await the_row(store, grant)
    assert row == structs.replace(grant, state=GrantState.ENDED, reason=EndReason.REPLAYED, ended_at=NOW + HOUR)
    assert (await the_events(store))[-1] == outcome.event


async def test_ending_twice_keeps_the_first_reason(store: Store, grant: Grant) -> None:
    """A second end is granted, changes nothing and tells nothing."""
    assert await store.apply(ended(grant, EndReason.REPLAYED))
    assert await store.apply(ended(grant, EndReason.SIGNED_OUT_BY_APP, NOW + HOUR))
    assert await the_reason(store, grant) == (EndReason.REPLAYED, "")
    assert len(await the_events(store)) == 2


async def test_ending_what_is_not_there_is_granted(store: Store, account: Account, link: Link) -> None:
    """Nobody is signed in there afterwards, which is what was asked for; no row, no event."""
    grant = a_grant(account, link)
    assert await store.apply(ended(grant))
    assert (await store.grant_facts(grant.id)).grant is None
    assert await the_events(store) == []


# --- Facts ------------------------------------------------------------------------------------------------------------


async def test_facts_of_an_unknown_grant_name_the_site_alone(store: Store) -> None:
    """No row: no grant, no link, no account."""
    facts = await store.grant_facts(b"?" * 16)
    assert (facts.site, facts.grant, facts.link, facts.account) == (await store.site(), None, None, None)


async def test_code_facts_bring_everything_that_redeeming_depends_on(
    store: Store, account: Account, link: Link
) -> None:
    """Account, link, mark and, once there is one, the grant that a first redemption made."""
    grant = a_grant(account, link)
    facts = await store.code_facts(grant.id, account.id, link.id)
    assert (facts.account, facts.link, facts.consent_mark, facts.existing) == (account, link, 0, None)
    assert await store.apply(redeemed(grant))
    assert (await store.code_facts(grant.id, account.id, link.id)).existing == grant


async def test_code_facts_of_unknown_ids_are_absent(store: Store) -> None:
    """Nothing there is not an error."""
    facts = await store.code_facts(b"?" * 16, 1, 2)
    assert (facts.account, facts.link, facts.consent_mark, facts.existing) == (None, None, 0, None)


async def test_facts_follow_every_change_of_the_person_and_the_link(
    store: Store, account: Account, link: Link, grant: Grant
) -> None:
    """What was read before is never told again once it changed."""
    assert (await store.grant_facts(grant.id)).account == account
    lowered = replace(account, permission=Permission.READ, version=2)
    narrowed = replace(link, permission=Permission.READ, version=2)
    assert await store.apply(a_change(PutAccount(lowered)))
    assert (await store.grant_facts(grant.id)).account == lowered
    assert await store.apply(a_change(PutLink(narrowed)))
    assert (await store.grant_facts(grant.id)).link == narrowed
    assert await store.apply(a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.PASSWORD_CHANGED, NOW)))
    assert (await store.grant_facts(grant.id)).account == replace(lowered, stop=1)
    assert await store.apply(a_change(RaiseStop(Subject.LINK, link.id, EndReason.LINK_SIGNED_OUT, NOW)))
    assert (await store.grant_facts(grant.id)).link == replace(narrowed, stop=1)
