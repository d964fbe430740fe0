"""What is known of browser sessions follows their own changes, and those of their person and consents."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from msgspec import structs

from genkan.protocol.outcomes import (
    CloseSession,
    EventKind,
    GiveConsent,
    OpenSession,
    PutAccount,
)
from genkan.protocol.records import Account, Consent, Grant, Link, Session
from genkan.store.sqlite import SqliteStore
from genkan.wire.scopes import Permission
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    a_session,
    added,
    ended,
    redeemed,
)
from tests.store.claim.looks import held_up, is_sure


async def test_a_session_that_ended_is_not_known(store: SqliteStore, account: Account, link: Link) -> None:
    """Consents, the person's record and the session itself: each change is in the next answer."""
    session = a_session(account)
    assert await store.apply(a_change(OpenSession(session, None)))
    await store.on_duty()

    async def known() -> tuple[Session, Account, Consent | None] | None:
        await store.visit_facts(session.id, link.id)
        await asyncio.sleep(0)
        facts = await store.visit_facts(session.id, link.id)
        if facts.session is None:
            return None
        assert store._known.sure_visit(session.id, link.id) is facts
        return facts.session.session, facts.session.account, facts.consent

    assert await known() == (session, account, None)
    given = Consent(account.id, link.id, 0, Permission.READ, NOW)
    assert await store.apply(a_change(GiveConsent(given)))
    assert await known() == (session, account, given)
    renamed = replace(account, display_name="New", version=2)
    assert await store.apply(a_change(PutAccount(renamed)))
    assert await known() == (session, renamed, given)
    store.note_session(session.id, NOW + 5)
    await store.flush()
    assert await known() == (structs.replace(session, last_seen=NOW + 5), renamed, given)
    assert await store.apply(a_change(CloseSession(session.id)))
    assert await known() is None


async def test_what_is_known_of_a_visit_is_of_that_link(store: SqliteStore, account: Account, link: Link) -> None:
    """A consent for one application says nothing of another."""
    session, another = a_session(account), a_link()
    given = Consent(account.id, link.id, 0, Permission.READ, NOW)
    assert await store.apply(a_change(OpenSession(session, None), GiveConsent(given)))
    assert await store.apply(added(another))
    await store.on_duty()
    for _ in range(2):
        await asyncio.sleep(0)
        assert (await store.visit_facts(session.id, link.id)).consent == given
        elsewhere = await store.visit_facts(session.id, another.id)
        assert (elsewhere.link, elsewhere.consent) == (another, None)


async def _noted_session(store: SqliteStore, session: Session) -> None:
    store.note_session(session.id, NOW + 5)
    await store.flush()


@pytest.mark.parametrize(
    "write",
    [_noted_session, lambda store, session: store.apply(a_change(CloseSession(session.id)))],
    ids=["a session's note", "its end"],
)
async def test_a_session_is_looked_at_while_a_write_is_under_way(
    store: SqliteStore,
    account: Account,
    link: Link,
    write: Callable[[SqliteStore, Session], Awaitable[object]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As for grants: what was read meanwhile is not sure, and what the write made of it is read."""
    session = a_session(account)
    assert await store.apply(a_change(OpenSession(session, None)))
    await store.on_duty()

    async def is_known() -> bool:
        await asyncio.sleep(0)
        await store.site()
        return store._known.sure_visit(session.id, link.id) is not None

    before = await store.visit_facts(session.id, link.id)
    await asyncio.sleep(0)
    assert await store.visit_facts(session.id, link.id) == before
    assert await is_known()
    with held_up(store, monkeypatch) as go:
        writing = asyncio.ensure_future(write(store, session))
        while not store._writer._busy or store._writer._waiting:
            await asyncio.sleep(0)
        assert not await is_known()
        assert await store.visit_facts(session.id, link.id) == before
        assert not await is_known()
        go.set()
        await writing
    assert not await is_known()
    assert await store.visit_facts(session.id, link.id) != before


async def test_a_sign_in_leaves_sessions_known(store: SqliteStore, account: Account, link: Link, grant: Grant) -> None:
    """tokens.md 1: it may end another sign-in, and changes no session, account, link or consent."""
    session = a_session(account)
    assert await store.apply(a_change(OpenSession(session, None)))
    await store.on_duty()
    known = await store.visit_facts(session.id, link.id)
    await store.grant_facts(grant.id)
    assert await is_sure(store, grant)
    assert await store.apply(redeemed(a_grant(account, link)))
    await store.site()
    assert store._known.sure_visit(session.id, link.id) is known
    assert store._known.sure_grant(grant.id) is None


async def test_what_another_process_wrote_of_a_session_is_seen(
    opened: Callable[[], SqliteStore], store: SqliteStore, account: Account, link: Link
) -> None:
    """Whether or not the claim is taken again before the next request."""
    for retaken in (False, True):
        session = a_session(account)
        assert await store.apply(a_change(OpenSession(session, None)))
        await store.on_duty()
        known = await store.visit_facts(session.id, link.id)
        await asyncio.sleep(0)
        await store.site()
        assert store._known.sure_visit(session.id, link.id) is known
        assert await opened().apply(a_change(CloseSession(session.id)))
        await asyncio.sleep(0)
        if retaken:
            await store.on_duty()
            await asyncio.sleep(0)
        assert (await store.visit_facts(session.id, link.id)).session is None


async def test_the_site_of_a_sure_visit_is_the_site_as_it_is(
    store: SqliteStore, account: Account, link: Link, grant: Grant
) -> None:
    """tokens.md 8: a lost write is found while tokens are used, and told to browsers too."""
    session = a_session(account)
    assert await store.apply(a_change(OpenSession(session, None)))
    await store.visit_facts(session.id, link.id)
    told = ended(grant)
    assert await store.apply(structs.replace(told, event=structs.replace(told.event, kind=EventKind.STORE_BEHIND)))
    assert (await store.visit_facts(session.id, link.id)).site.behind_since == NOW
