"""What one process keeps in memory is never older than the database: two instances, one writes, the other one reads."""

import asyncio
from dataclasses import replace

import pytest
from msgspec import structs

from genkan.protocol import links, naming
from genkan.protocol.env import HOUR
from genkan.protocol.outcomes import PutAccount, PutLink, RaiseStop, Retried, Sighting, StartSetup, Subject
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import Account, Grant, Link, Standing
from genkan.store.api import PhoneQuery, Store
from genkan.wire.scopes import Permission
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    added,
    an_account,
    an_env,
    decided,
    ended,
    redeemed,
    rotated,
    successor,
)
from tests.store.engines import Open
from tests.store.reading import the_row


@pytest.fixture
async def other(open_another: Open, store: Store) -> Store:
    """Another instance on the same data, which has read everything once."""
    other = await open_another()
    await other.site()
    return other


async def test_the_mobile_switch_is_seen_at_the_next_read(store: Store, other: Store) -> None:
    """Turned on in one process: the other one's next answer says so, with the link."""
    assert await other.apply(decided(links.turn_mobile_on(await other.site(), None, "test", an_env())))
    site = await store.site()
    assert site.mobile_enabled
    assert site == await other.site()
    assert site.mobile_link_id is not None
    assert (await store.link(site.mobile_link_id)) == (await other.links())[0]


async def test_a_new_name_is_seen_at_the_next_read(store: Store, other: Store) -> None:
    """Named in one process: the other one says so; and whoever decided on the site as it was names nothing."""
    before = await other.site()
    assert await other.apply(decided(naming.named(before, "Front Desk", "test", an_env())))
    assert (await store.site()).title == "Front Desk"
    assert await store.site() == await other.site()
    assert not await store.apply(decided(naming.named(before, "Late", "test", an_env())))
    assert (await store.site()).title == "Front Desk"


async def test_a_changed_link_is_seen_by_every_read(
    store: Store, other: Store, account: Account, link: Link, grant: Grant
) -> None:
    """Whichever read comes next: it has the link as it is now."""
    version = 1

    async def narrowed() -> Link:
        nonlocal version
        version += 1
        changed = replace(link, name=f"version {version}", permission=Permission.READ, version=version)
        assert await other.apply(a_change(PutLink(changed)))
        return changed

    assert await store.link(link.id) == link
    assert await narrowed() == await store.link(link.id)
    assert await narrowed() == await store.link_by_client_id(link.client_id)
    assert [await narrowed()] == await store.links()
    assert await narrowed() == (await store.grant_facts(grant.id)).link
    assert await narrowed() == (await store.code_facts(b"?" * 16, account.id, link.id)).link
    assert await narrowed() == (await store.code_facts(grant.id, account.id, link.id)).link
    changed = await narrowed()
    assert [row.link for row in await store.phones(PhoneQuery())] == [changed]
    phone = await store.phone(grant.id)
    assert phone is not None
    assert phone.link == changed


async def test_a_new_link_and_its_first_grant_are_seen_together(store: Store, other: Store, account: Account) -> None:
    """A row that names a link never read before brings the link along."""
    await store.links()
    for read in ("facts", "code", "phone", "list"):
        link = a_link()
        grant = a_grant(account, link)
        assert await other.apply(added(link))
        assert await other.apply(redeemed(grant))
        if read == "facts":
            assert (await store.grant_facts(grant.id)).link == link
        elif read == "code":
            facts = await store.code_facts(grant.id, account.id, link.id)
            assert (facts.link, facts.existing) == (link, grant)
        elif read == "phone":
            phone = await store.phone(grant.id)
            assert phone is not None
            assert phone.link == link
        else:
            assert [row.link for row in await store.phones(PhoneQuery(link_id=link.id))] == [link]


async def test_a_deleted_link_is_dead_at_the_next_read(store: Store, other: Store, link: Link, grant: Grant) -> None:
    """Deleted in one process: refused in the other one's next decision."""
    assert (await store.grant_facts(grant.id)).link == link
    assert await other.apply(decided(links.set_standing(link, Standing.DELETED, "test", an_env())))
    facts = await store.grant_facts(grant.id)
    assert facts.link is not None
    assert (facts.link.standing, facts.link.stop) == (Standing.DELETED, 1)


async def test_facts_of_a_grant_follow_the_other_process(
    store: Store, other: Store, account: Account, grant: Grant
) -> None:
    """Each kind of write to the row or its person, one after the other, is in the next read of the other instance."""
    assert await the_row(store, grant) == grant
    moved = successor(grant, NOW + HOUR)
    assert await other.apply(rotated(grant, NOW + HOUR))
    assert await the_row(store, grant) == moved
    retried = structs.replace(moved, retries=1, access_expires_at=NOW + 9 * HOUR)
    assert await other.apply(Retried(retried))
    assert await the_row(store, grant) == retried
    other.note_sighting(Sighting(grant.id, 1, NOW + HOUR + 5))
    await other.flush()
    seen = structs.replace(retried, seen_generation=1, seen_at=NOW + HOUR + 5, last_seen=NOW + HOUR + 5)
    assert await the_row(store, grant) == seen
    other.note_sighting(Sighting(grant.id, 1, NOW + 2 * HOUR))
    await other.flush()
    assert await the_row(store, grant) == structs.replace(seen, last_seen=NOW + 2 * HOUR)
    assert await other.apply(a_change(PutAccount(replace(account, display_name="New", version=2))))
    assert (await store.grant_facts(grant.id)).account == replace(account, display_name="New", version=2)
    assert await other.apply(a_change(RaiseStop(Subject.ACCOUNT, account.id, EndReason.PASSWORD_CHANGED, NOW)))
    assert (await store.grant_facts(grant.id)).account == replace(account, display_name="New", version=2, stop=1)
    assert await other.apply(ended(grant))
    assert (await the_row(store, grant)).reason == EndReason.SIGNED_OUT_BY_APP


async def test_what_is_remembered_of_an_own_rotation_is_what_was_written(
    store: Store, other: Store, grant: Grant
) -> None:
    """A rotation from facts that another process changed meanwhile is read back as the database has it."""
    for generation in range(1, 5):
        row = await the_row(store, grant)
        if generation % 2:
            other.note_sighting(Sighting(grant.id, row.generation, NOW + generation))
            await other.flush()
        assert await store.apply(rotated(row, NOW + generation * HOUR))
        assert await the_row(store, grant) == await the_row(other, grant)
        assert (await the_row(store, grant)).generation == generation


async def test_a_rotation_decided_on_older_facts_is_read_as_written(store: Store, grant: Grant) -> None:
    """What another task read in between is not mixed with what the rotation was decided on."""
    decided_on = await the_row(store, grant)
    store.note_sighting(Sighting(grant.id, 0, NOW + 5))
    await store.flush()
    assert (await the_row(store, grant)).seen_at == NOW + 5
    assert await store.apply(rotated(decided_on, NOW + HOUR))
    row = await the_row(store, grant)
    assert (row.generation, row.seen_generation, row.seen_at, row.last_seen) == (1, 0, NOW + 5, NOW + 5)


async def test_facts_stay_right_for_more_grants_than_are_remembered(store: Store, account: Account, link: Link) -> None:
    """What fell out of memory and what is in it are told alike."""
    grants = [a_grant(account, link, now=NOW + number) for number in range(5_000)]
    assert all(await asyncio.gather(*(store.apply(redeemed(grant)) for grant in grants)))
    for grant in grants[::-1] + grants[::7]:
        assert await the_row(store, grant) == grant


async def test_a_setup_link_made_elsewhere_counts(store: Store, other: Store) -> None:
    """The digest is seen, and its end."""
    assert await other.apply(a_change(StartSetup(b"digest")))
    assert (await store.site()).setup_digest == b"digest"
    assert await other.apply(a_change(StartSetup(None)))
    assert (await store.site()).setup_digest is None


async def test_people_added_elsewhere_sign_in_here(store: Store, other: Store, link: Link) -> None:
    """Nothing about people is remembered between reads."""
    person = an_account()
    assert await store.account_by_name(person.folded) is None
    assert await other.apply(added(person))
    assert await store.account_by_name(person.folded) == person
    assert await store.apply(redeemed(a_grant(person, link)))
