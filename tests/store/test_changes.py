"""Administration: each step with what it is conditional on, and that all steps of a Change happen or none."""

from dataclasses import replace

import pytest

from genkan.protocol.env import DAY, HOUR
from genkan.protocol.facts import KeyFacts, VisitFacts
from genkan.protocol.key_steps import AdoptApiKey
from genkan.protocol.outcomes import (
    AddAccount,
    AddApiKey,
    AddLink,
    CloseSession,
    DecideLoss,
    EndGrant,
    EndGrantsUnder,
    EventKind,
    GiveConsent,
    MoveRing,
    OpenSession,
    PutAccount,
    PutGuesses,
    RevokeApiKey,
    Step,
    WithdrawConsent,
)
from genkan.protocol.reasons import EndReason
from genkan.protocol.records import (
    MACHINE,
    Account,
    ApiKey,
    Consent,
    Grant,
    GrantState,
    Guesses,
    Link,
    Method,
)
from genkan.protocol.signin_steps import WhileSignedIn
from genkan.store.api import Store
from genkan.wire.scopes import Permission
from tests.store.builders import (
    NOW,
    a_change,
    a_grant,
    a_link,
    a_session,
    added,
    an_account,
    an_event,
    redeemed,
)
from tests.store.reading import the_events, the_reason, the_row

# --- All or none ------------------------------------------------------------------------------------------------------


async def test_a_change_writes_all_steps_and_events(store: Store) -> None:
    """Every step and every event of a change are there afterwards."""
    person, link = an_account(), a_link()
    events = (an_event(EventKind.ACCOUNT_ADDED), an_event(EventKind.LINK_CREATED))
    assert await store.apply(a_change(AddAccount(person), AddLink(link), events=events))
    assert await store.account(person.id) == person
    assert await store.link(link.id) == link
    assert await the_events(store) == list(events)


@pytest.mark.parametrize("position", [0, 1, 2])
async def test_a_failing_step_undoes_the_change(store: Store, account: Account, position: int) -> None:
    """Wherever the step stands that fails, nothing of the change is written, not even what came before it."""
    person, link, before = an_account(), a_link(), await store.site()
    steps: list[Step] = [AddAccount(person), AddLink(link)]
    steps.insert(position, PutAccount(replace(account, version=9)))
    session = a_session(account, user_agent="a text never seen before")
    steps.insert(0, OpenSession(session, None))
    assert not await store.apply(a_change(*steps, events=(an_event(reason="also never seen before"),)))
    assert (await store.account(person.id), await store.link(link.id)) == (None, None)
    assert await store.session_facts(session.id) is None
    assert await the_events(store) == []
    assert await store.site() == before


async def test_texts_of_an_undone_change_can_be_written_later(store: Store, account: Account) -> None:
    """What a failed change had added on the way is not taken for being there."""
    session = a_session(account, user_agent="a text never seen before")
    assert not await store.apply(a_change(OpenSession(session, None), PutAccount(replace(account, version=9))))
    assert await store.apply(a_change(OpenSession(session, None)))
    facts = await store.session_facts(session.id)
    assert facts is not None
    assert facts.session == session


# --- Consents ---------------------------------------------------------------------------------------------------------


async def test_a_consent_is_given_and_widened(store: Store, account: Account, link: Link) -> None:
    """Absent counts as mark 0; a wider scope later keeps the mark."""
    assert await store.consent(account.id, link.id) is None
    for scope in (Permission.READ, Permission.WRITE):
        given = Consent(account.id, link.id, 0, scope, NOW)
        assert await store.apply(a_change(GiveConsent(given)))
        assert await store.consent(account.id, link.id) == given
        assert await store.consents(account.id) == [given]


async def test_a_withdrawn_consent_kills_codes_issued_under_it(store: Store, account: Account, link: Link) -> None:
    """The mark is drawn anew, also where nothing was ever given: a code that carries the old one redeems nothing."""
    grant = a_grant(account, link)
    assert await store.apply(a_change(WithdrawConsent(account.id, link.id, 4711, NOW)))
    assert await store.consent(account.id, link.id) == Consent(account.id, link.id, 4711, None, NOW)
    assert (await store.code_facts(grant.id, account.id, link.id)).consent_mark == 4711
    assert not await store.apply(redeemed(grant, consent_mark=0))
    assert await store.apply(redeemed(grant, consent_mark=4711))


async def test_a_consent_needs_the_mark_that_was_read(store: Store, account: Account, link: Link) -> None:
    """Given while it was being withdrawn: withdrawing holds."""
    assert await store.apply(a_change(WithdrawConsent(account.id, link.id, 4711, NOW)))
    assert not await store.apply(a_change(GiveConsent(Consent(account.id, link.id, 0, Permission.READ, NOW))))
    assert not await store.apply(a_change(GiveConsent(Consent(an_account().id, link.id, 0, Permission.READ, NOW))))
    again = Consent(account.id, link.id, 4711, Permission.READ, NOW)
    assert await store.apply(a_change(GiveConsent(again)))
    assert await store.consent(account.id, link.id) == again


async def test_consents_are_per_person_and_link(store: Store, account: Account, link: Link) -> None:
    """Withdrawing one touches no other."""
    other_person, other_link = an_account(), a_link()
    assert await store.apply(added(other_person, other_link))
    pairs = [(account.id, other_link.id), (other_person.id, link.id)]
    for pair in pairs:
        assert await store.apply(a_change(GiveConsent(Consent(*pair, 0, Permission.READ, NOW))))
    assert await store.apply(a_change(WithdrawConsent(account.id, link.id, 4711, NOW)))
    assert [await store.consent(*pair) for pair in pairs] == [Consent(*p, 0, Permission.READ, NOW) for p in pairs]


async def test_the_grants_under_a_consent_end_with_it(store: Store, account: Account, link: Link, grant: Grant) -> None:
    """In the same transaction, this person's grants of this link and no other."""
    other_person, other_link = an_account(), a_link()
    assert await store.apply(added(other_person, other_link))
    kept = [a_grant(other_person, link), a_grant(account, other_link)]
    for each in kept:
        assert await store.apply(redeemed(each))
    end = EndGrantsUnder(account.id, link.id, EndReason.CONSENT_WITHDRAWN, NOW + HOUR)
    assert await store.apply(a_change(WithdrawConsent(account.id, link.id, 4711, NOW), end))
    row = await the_row(store, grant)
    assert (row.state, row.reason, row.ended_at) == (GrantState.ENDED, EndReason.CONSENT_WITHDRAWN, NOW + HOUR)
    assert [await the_row(store, each) for each in kept] == kept


async def test_one_grant_is_ended_by_its_id(store: Store, grant: Grant) -> None:
    """EndGrant never fails: not a second time, not where there is no row; the first reason stays."""
    assert await store.apply(a_change(EndGrant(grant.id, EndReason.SIGNED_OUT_BY_ADMIN, NOW)))
    assert await store.apply(a_change(EndGrant(grant.id, EndReason.REPLAYED, NOW)))
    assert await store.apply(a_change(EndGrant(b"?" * 16, EndReason.REPLAYED, NOW)))
    assert await the_reason(store, grant) == (EndReason.SIGNED_OUT_BY_ADMIN, "")


# --- Sessions, guesses, keys, ring ------------------------------------------------------------------------------------


async def test_a_session_is_read_as_it_was_written(store: Store, account: Account) -> None:
    """Every field survives, with its person."""
    session = a_session(account, method=Method.PWD | Method.MFA, account_stop=0, user_agent="", address="")
    assert await store.apply(a_change(OpenSession(session, None)))
    facts = await store.session_facts(session.id)
    assert facts is not None
    assert (facts.session, facts.account) == (session, account)
    assert await store.session_facts(b"?" * 32) is None


async def test_a_visit_brings_site_link_session_and_consent_at_once(store: Store, account: Account, link: Link) -> None:
    """Whatever of them there is, as the reads of each alone tell it; a consent of somebody else says nothing."""
    session, other = a_session(account), an_account("somebody else")
    assert await store.apply(a_change(OpenSession(session, None), AddAccount(other)))
    site, there = await store.site(), await store.session_facts(session.id)
    for asked in (None, b"?" * 32):
        assert await store.visit_facts(asked, link.id) == VisitFacts(site, link, None, None)
    assert await store.visit_facts(session.id, 4711) == VisitFacts(site, None, there, None)
    assert await store.apply(a_change(GiveConsent(Consent(other.id, link.id, 0, Permission.READ, NOW))))
    assert await store.visit_facts(session.id, link.id) == VisitFacts(site, link, there, None)
    given = Consent(account.id, link.id, 0, Permission.WRITE, NOW)
    assert await store.apply(a_change(GiveConsent(given)))
    assert await store.visit_facts(session.id, link.id) == VisitFacts(site, link, there, given)


async def test_a_new_session_replaces_the_old_one(store: Store, account: Account) -> None:
    """The id from before dies in the same write: none can be planted."""
    old, new = a_session(account), a_session(account)
    assert await store.apply(a_change(OpenSession(old, None)))
    assert await store.apply(a_change(OpenSession(new, old.id)))
    assert await store.session_facts(old.id) is None
    assert await store.session_facts(new.id) is not None


async def test_a_session_is_closed(store: Store, account: Account) -> None:
    """Closing is granted also where there is none."""
    session = a_session(account)
    assert await store.apply(a_change(OpenSession(session, None)))
    for _ in range(2):
        assert await store.apply(a_change(CloseSession(session.id)))
        assert await store.session_facts(session.id) is None


async def test_a_session_beside_another_needs_that_one(store: Store, account: Account) -> None:
    """What ended the first session between reading and writing keeps the second one out as well."""
    first, second = a_session(account), a_session(account)
    beside = a_change(WhileSignedIn(first.id), OpenSession(second, None))
    assert not await store.apply(beside)
    assert await store.session_facts(second.id) is None
    assert await store.apply(a_change(OpenSession(first, None)))
    assert await store.apply(beside)
    assert await store.session_facts(second.id) is not None


async def test_a_session_needs_its_person(store: Store) -> None:
    """An unknown account opens nothing."""
    assert not await store.apply(a_change(OpenSession(a_session(an_account()), None)))


async def test_guesses_are_kept_and_forgotten(store: Store, account: Account) -> None:
    """Buckets by key, each followed by the next failure; due 0 forgets. Only what was asked for is told."""
    one, two = b"1" * 16, b"2" * 16
    assert await store.apply(a_change(PutGuesses(((one, NOW, 1), (two, NOW + 5, 1)))))
    assert (await store.password_row("nobody", (one, two))).guesses == {one: Guesses(NOW, 1), two: Guesses(NOW + 5, 1)}
    assert await store.apply(a_change(PutGuesses(((one, NOW + 9, 2), (two, 0, 0)))))
    row = await store.password_row(account.folded, (one, two))
    assert (row.account, row.guesses) == (account, {one: Guesses(NOW + 9, 2)})
    assert (await store.password_row("nobody", ())).guesses == {}


async def test_every_failure_counts(store: Store) -> None:
    """A bucket takes only the failure that follows its last one: of tries judged by the same facts, one is written."""
    one, two = b"1" * 16, b"2" * 16
    assert not await store.apply(a_change(PutGuesses(((one, NOW, 2),))))
    assert await store.apply(a_change(PutGuesses(((one, NOW, 1),))))
    assert not await store.apply(a_change(PutGuesses(((two, NOW, 1), (one, NOW + 1, 1)))))
    assert (await store.password_row("nobody", (one, two))).guesses == {one: Guesses(NOW, 1)}


async def test_an_api_key_is_found_by_its_digest(store: Store) -> None:
    """Every field survives; the digest and the id are taken once; a key is revoked once."""
    key = ApiKey(4711, "ci", b"d" * 32, Permission.ADMIN, NOW, NOW + DAY, None, MACHINE)
    assert await store.apply(a_change(AddApiKey(key)))
    assert not await store.apply(a_change(AddApiKey(replace(key, id=4712))))
    assert not await store.apply(a_change(AddApiKey(replace(key, digest=b"e" * 32))))
    assert await store.api_key(b"d" * 32) == KeyFacts(key, None)
    assert await store.api_key(b"e" * 32) is None
    adopted = replace(key, adopted_by=7, adopted_at=NOW, expires_at=NOW + 1)
    assert not await store.apply(a_change(AdoptApiKey(4711, None, 7, NOW, NOW + 1)))
    assert await store.apply(a_change(AdoptApiKey(4711, MACHINE, 7, NOW, NOW + 1)))
    assert not await store.apply(a_change(AdoptApiKey(4711, MACHINE, 8, NOW, NOW + 1)))
    assert await store.apply(a_change(RevokeApiKey(4711, NOW + 1)))
    assert not await store.apply(a_change(AdoptApiKey(4711, 7, 8, NOW, NOW + 1)))
    assert not await store.apply(a_change(RevokeApiKey(4711, NOW + 2)))
    assert not await store.apply(a_change(RevokeApiKey(1, NOW)))
    assert await store.api_keys() == [KeyFacts(replace(adopted, revoked_at=NOW + 1), None)]


async def test_the_ring_never_moves_back(store: Store) -> None:
    """A newer version and the same one are taken, an older one is not."""
    assert (await store.site()).ring_fingerprint == b""
    for version, taken in ((1, True), (3, True), (3, True), (2, False)):
        assert await store.apply(a_change(MoveRing(version, b"fingerprint"))) is taken
    site = await store.site()
    assert (site.ring_version, site.ring_fingerprint) == (3, b"fingerprint")


async def test_healing_is_allowed_until_a_moment(store: Store) -> None:
    """The site says until when, and that it was behind is forgotten with the decision about it."""
    await store.apply(a_change(events=(an_event(EventKind.STORE_BEHIND, at=NOW),)))
    await store.apply(a_change(events=(an_event(EventKind.STORE_BEHIND, at=NOW + 1),)))
    assert (await store.site()).behind_since == NOW
    assert await store.apply(a_change(DecideLoss(NOW + 1, NOW + DAY)))
    site = await store.site()
    assert (site.restored_at, site.heal_until, site.behind_since) == (NOW + 1, NOW + DAY, 0)


async def test_a_fresh_site_is_empty(store: Store) -> None:
    """An identity of 16 bytes and nothing else."""
    site = await store.site()
    assert len(site.site_id) == 16
    assert len(set(site.site_id)) > 1
    assert (site.ring_version, site.mobile_enabled, site.mobile_link_id, site.setup_digest) == (0, False, None, None)
    assert (site.has_administrator, site.heal_until, site.behind_since) == (False, 0, 0)
    assert (await store.links(), await store.accounts(), await the_events(store)) == ([], [], [])
