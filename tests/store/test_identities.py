"""Who accounts are in directories: one subject one account, two writes one winner, and lists in bounded steps."""

from dataclasses import replace

from genkan.protocol.identity_steps import AddIdentity, NoteSource, PutIdentity, RemoveIdentity
from genkan.protocol.outcomes import EraseTraces, OpenSession, PutAccount
from genkan.protocol.records import Account, Identity, SourceState, Standing
from genkan.store.api import Store
from tests.store.builders import NOW, a_change, a_session, added, an_account


def an_identity(account: Account, subject: str = "00u1", source: str = "corp") -> Identity:
    return Identity(source, subject, account.id, "alice", NOW, NOW, NOW)


async def test_one_subject_is_one_account(store: Store, account: Account) -> None:
    """Neither a second account for a subject nor a second subject of one directory for an account."""
    other = an_account()
    assert await store.apply(added(other))
    identity = an_identity(account)
    assert await store.apply(a_change(AddIdentity(identity)))
    assert not await store.apply(a_change(AddIdentity(replace(identity, account_id=other.id))))
    assert not await store.apply(a_change(AddIdentity(an_identity(account, "00u2"))))
    assert await store.apply(a_change(AddIdentity(an_identity(account, "00u2", "other"))))
    assert not await store.apply(a_change(AddIdentity(an_identity(replace(account, id=1), "00u9"))))
    found = await store.identity("corp", "00u1")
    assert found is not None
    assert (found.identity, found.account) == (identity, account)
    assert await store.identity("corp", "00U1") is None
    assert [one.source for one in await store.identities_of(account.id)] == ["corp", "other"]


async def test_of_two_that_write_at_once_one_wins(store: Store, account: Account) -> None:
    """A check and a sign-in that saw the same row do not overwrite each other's upstream token."""
    identity = an_identity(account)
    assert await store.apply(a_change(AddIdentity(identity)))
    first = replace(identity, checked_at=NOW + 1, sealed="one", held=3, missed_since=NOW)
    assert await store.apply(a_change(PutIdentity(identity, first)))
    assert not await store.apply(a_change(PutIdentity(identity, replace(identity, seen_at=NOW + 2, sealed="two"))))
    found = await store.identity("corp", "00u1")
    assert found is not None
    assert found.identity == first


async def test_a_link_goes_by_name_and_by_erasure(store: Store, account: Account) -> None:
    """Unlinking takes the one link of that very account; erasing takes all."""
    assert await store.apply(a_change(AddIdentity(an_identity(account)), AddIdentity(an_identity(account, "x", "b"))))
    assert not await store.apply(a_change(RemoveIdentity("corp", "00u1", account.id + 1)))
    assert await store.apply(a_change(RemoveIdentity("corp", "00u1", account.id)))
    assert not await store.apply(a_change(RemoveIdentity("corp", "00u1", account.id)))
    assert [one.source for one in await store.identities_of(account.id)] == ["b"]
    assert await store.apply(a_change(EraseTraces(account.id)))
    assert await store.identities_of(account.id) == []


async def test_who_is_due_comes_longest_unasked_first(store: Store) -> None:
    """Active people and those who are held, in batches; whom somebody disabled or deleted is not asked after."""
    people = [an_account() for _ in range(5)]
    assert await store.apply(added(*people))
    for number, person in enumerate(people):
        identity = replace(an_identity(person, f"s{number}"), checked_at=NOW - number)
        assert await store.apply(a_change(AddIdentity(identity)))
    disabled = replace(people[4], standing=Standing.DISABLED, version=2)
    held = replace(people[3], standing=Standing.DISABLED, version=2)
    seen = replace(an_identity(people[3], "s3"), checked_at=NOW - 3)
    assert await store.apply(a_change(PutAccount(disabled), PutAccount(held), PutIdentity(seen, replace(seen, held=2))))
    due = await store.identities_due("corp", NOW - 1, 10)
    assert [facts.identity.subject for facts in due] == ["s3", "s2", "s1"]
    assert [facts.identity.subject for facts in await store.identities_due("corp", NOW, 2)] == ["s3", "s2"]
    assert await store.identities_due("other", NOW, 10) == []


async def test_accounts_are_found_by_address(store: Store) -> None:
    """In whichever case it was written; two at most, for two are too many."""
    people = [an_account(email=email) for email in ("A@Example.org", "b@example.org", "B@example.org", "b@Example.org")]
    assert await store.apply(added(*people))
    assert [one.id for one in await store.accounts_by_email("a@example.org")] == [people[0].id]
    assert len(await store.accounts_by_email("b@example.org")) == 2
    assert await store.accounts_by_email("") == []


async def test_a_directory_is_known_to_answer_or_not(store: Store) -> None:
    """The first miss is kept until it answers again."""
    for at, reached in ((1, False), (2, False)):
        assert await store.apply(a_change(NoteSource("corp", at, reached)))
    assert await store.source_states() == [SourceState("corp", None, 1)]
    assert await store.apply(a_change(NoteSource("corp", 3, True)))
    assert await store.apply(a_change(NoteSource("corp", 4, False)))
    assert await store.source_states() == [SourceState("corp", 3, 4)]


async def test_sessions_are_found_by_the_directorys_own(store: Store, account: Account) -> None:
    """For a sign-out there; a session of another directory or without one is not meant."""
    mine = a_session(account, source="corp", upstream_sid="sid-1")
    others = [
        a_session(account),
        a_session(account, source="b", upstream_sid="sid-1"),
        a_session(account, source="corp"),
    ]
    assert await store.apply(a_change(*(OpenSession(session, None) for session in (mine, *others))))
    assert [facts.session for facts in await store.upstream_sessions("corp", "sid-1")] == [mine]
    assert await store.upstream_sessions("corp", "") == []
