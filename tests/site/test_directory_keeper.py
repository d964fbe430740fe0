"""Off-boarding beside the requests: who is gone is signed out, who cannot be asked after is kept for a while, and one
directory's trouble is nobody else's.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from genkan.protocol.env import DAY, HOUR, MINUTE
from genkan.protocol.offboarding import Checked, Presence
from genkan.protocol.outcomes import EventKind
from genkan.protocol.reasons import EndReason, Reason
from genkan.protocol.records import Account, Identity, SourceState, Standing
from genkan.site import directory_keeper
from genkan.site.directory_keeper import DirectoryKeeper, keepers
from genkan.site.openid_presence import OpenIDDirectory
from genkan.site.upstream_tokens import unseal_token
from genkan.sources.base import Source
from genkan.store.api import PhoneQuery
from tests.openid_provider import refused
from tests.outside.answering import http
from tests.site.directories import FakeDirectory, linked
from tests.site.openid_world import MADE, Corporate, alice, corporate, says
from tests.site.world import SiteUnderTest


async def now(site: SiteUnderTest, account: Account) -> Account:
    found = await site.store.account(account.id)
    assert found is not None
    return found


async def test_somebody_who_is_gone_is_out_on_the_next_request(site: SiteUnderTest) -> None:
    """Within the fifteen minutes of the setting, with the stop event, and the row of the phone says why."""
    account = await site.make_account("alice")
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    await linked(site, account)
    directory = FakeDirectory()
    keeper = DirectoryKeeper(directory, site.door)
    directory.says["alice"] = Presence.GONE
    site.env.advance(14 * MINUTE)
    await keeper.round()
    assert directory.asked == []
    site.env.advance(1 * MINUTE)
    await keeper.round()
    assert directory.asked == [["alice"]]
    assert (await now(site, account)).standing is Standing.DISABLED
    assert (await site.refresh(str(tokens["refresh_token"]), link)).status_code == 400
    assert (await site.myself(str(tokens["access_token"]))).status_code == 401
    while await site.store.settle(100):
        pass
    (row,) = await site.store.phones(PhoneQuery(account_id=account.id))
    assert row.grant.reason == EndReason.DIRECTORY
    (event,) = [e for _, e in await site.store.events() if e.kind is EventKind.ACCOUNT_DISABLED]
    assert (event.actor, event.reason, event.detail) == ("directory", EndReason.DIRECTORY, "corp: gone")


async def test_a_local_account_stays_whatever_directories_say(site: SiteUnderTest) -> None:
    """Whom nobody linked is nobody's: the way in for the day when the directory fails."""
    account = await site.make_account("break-glass")
    directory = FakeDirectory(away=True)
    keeper = DirectoryKeeper(directory, site.door)
    for _ in range(5):
        site.env.advance(10 * HOUR)
        await keeper.round()
    assert directory.asked == []
    assert (await now(site, account)).standing is Standing.ACTIVE


async def test_people_of_a_directory_that_is_away_are_kept_and_then_held(site: SiteUnderTest) -> None:
    """For the time of the setting, and freed when it answers; the state is there to be shown, after a restart too."""
    account = await site.make_account("alice")
    await linked(site, account)
    directory = FakeDirectory(away=True)
    site.env.advance(15 * MINUTE)
    away_at = site.env.now
    for hours in (0, 23, 1):
        site.env.advance(hours * HOUR)
        kept = await now(site, account)
        assert kept.standing is Standing.ACTIVE
        await DirectoryKeeper(directory, site.door).round()
    assert (await now(site, account)).standing is Standing.DISABLED
    assert await site.store.source_states() == [SourceState("corp", None, away_at)]
    directory.away = False
    site.env.advance(15 * MINUTE)
    await DirectoryKeeper(directory, site.door).round()
    assert (await now(site, account)).standing is Standing.ACTIVE
    assert await site.store.source_states() == [SourceState("corp", site.env.now, None)]


async def test_a_directory_without_people_is_asked_whether_it_answers(site: SiteUnderTest) -> None:
    """So that an administrator reads of its trouble before somebody is kept out; no oftener than people would be."""
    directory = FakeDirectory(away=True)
    keeper = DirectoryKeeper(directory, site.door)
    await keeper.round()
    assert await site.store.source_states() == [SourceState("corp", None, site.env.now)]
    directory.away = False
    first = site.env.now
    site.env.advance(14 * MINUTE)
    await keeper.round()
    assert await site.store.source_states() == [SourceState("corp", None, first)]
    site.env.advance(MINUTE)
    await keeper.round()
    assert await site.store.source_states() == [SourceState("corp", site.env.now, None)]


async def test_many_people_are_asked_after_in_batches(site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch at a time, the longest unasked first; a directory that is away is not asked after everybody."""
    monkeypatch.setattr(directory_keeper, "BATCH", 3)
    for number in range(7):
        await linked(site, await site.make_account(f"person-{number}"))
    directory = FakeDirectory()
    keeper = DirectoryKeeper(directory, site.door)
    site.env.advance(HOUR)
    assert [await keeper.round() for _ in range(4)] == [True, True, False, False]
    assert [len(batch) for batch in directory.asked] == [3, 3, 1]
    assert len({name for batch in directory.asked for name in batch}) == 7
    directory.away = True
    site.env.advance(HOUR)
    assert await keeper.round() is False


async def test_a_sign_in_while_the_directory_was_asked_is_newer(site: SiteUnderTest) -> None:
    """An answer that was on its way does not undo what the person has just proved."""
    account = await site.make_account("alice")
    await linked(site, account)

    class Slow(FakeDirectory):
        async def present(self, identities: Sequence[Identity]) -> Sequence[Checked]:
            from genkan.protocol.identity_steps import PutIdentity
            from genkan.protocol.outcomes import Change

            (seen,) = identities
            site.env.advance(1000)
            await site.store.apply(Change((PutIdentity(seen, replace(seen, seen_at=site.env.now)),)))
            return [Checked(Presence.LAPSED)]

    site.env.advance(HOUR)
    await DirectoryKeeper(Slow(), site.door).round()
    assert (await now(site, account)).standing is Standing.ACTIVE


async def test_a_check_that_lost_a_race_decides_again(site: SiteUnderTest) -> None:
    """Somebody whose account was changed meanwhile is disabled all the same."""
    account = await site.make_account("alice")
    await linked(site, account)

    class Racing(FakeDirectory):
        async def present(self, identities: Sequence[Identity]) -> Sequence[Checked]:
            from genkan.protocol.outcomes import Change, PutAccount

            await site.store.apply(Change((PutAccount(replace(account, display_name="New", version=2)),)))
            return [Checked(Presence.GONE)]

    site.env.advance(HOUR)
    await DirectoryKeeper(Racing(), site.door).round()
    after = await now(site, account)
    assert (after.standing, after.display_name) == (Standing.DISABLED, "New")


async def test_gone_from_one_directory_of_two_unlinks(site: SiteUnderTest) -> None:
    """Whom the other one still has stays, where the site still asks it."""
    account = await site.make_account("alice")
    await linked(site, account)
    await linked(site, account, source="other")
    directory = FakeDirectory(says={"alice": Presence.GONE})
    site.door.sign_on.sources = (directory.source, Source(name="other", title="Other"))
    site.env.advance(HOUR)
    await DirectoryKeeper(directory, site.door).round()
    assert (await now(site, account)).standing is Standing.ACTIVE
    assert [one.source for one in await site.store.identities_of(account.id)] == ["other"]


# --- An OpenID provider -----------------------------------------------------------------------------------------------


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Corporate]:
    """A provider that gives refresh tokens, and somebody who signed in by it."""
    async with corporate(tmp_path, MADE + '\nscopes = ["openid", "offline_access"]') as corp:
        corp.provider.refresh_tokens = True
        assert corp.landed(await corp.sign_in()) == "/"
        yield corp


async def look(corp: Corporate, later: int = HOUR) -> None:
    """A while later, its people are asked after."""
    corp.site.env.advance(later)
    for keeper in keepers(corp.site.door):
        await keeper.round()


async def identity(corp: Corporate) -> Identity:
    found = await corp.site.store.identity("corp", "00u1")
    assert found is not None
    return found.identity


async def test_a_provider_is_asked_by_its_refresh_token(asked: Corporate) -> None:
    """Each answer brings the next token, which is kept sealed and for this person alone."""
    first = (await identity(asked)).sealed
    assert unseal_token(first, "corp", "00u1", asked.site.door) == "refresh-2"
    assert unseal_token(first, "corp", "00u2", asked.site.door) == ""
    assert "refresh-2" not in first
    await look(asked)
    assert asked.provider.asked[-1] == {"grant_type": "refresh_token", "refresh_token": "refresh-2"}
    assert (await alice(asked.site)).standing is Standing.ACTIVE
    assert (await identity(asked)).sealed != first
    await look(asked)
    assert asked.provider.asked[-1]["refresh_token"] == "refresh-3"


async def test_whom_the_provider_renews_no_more_is_held_until_they_sign_in_there(asked: Corporate) -> None:
    """The account is disabled with the stop event on the next round, and only a new proof there frees it."""
    asked.provider.refuses = True
    await look(asked)
    held = await alice(asked.site)
    assert (held.standing, held.stop) == (Standing.DISABLED, 1)
    assert (await identity(asked)).sealed == ""
    assert (await asked.site.client.get("/account/profile")).status_code == 302
    await look(asked, DAY)
    assert (await alice(asked.site)).standing is Standing.DISABLED
    asked.provider.refuses = False
    assert asked.landed(await asked.sign_in(asked.site.browser())) == "/"
    assert (await alice(asked.site)).standing is Standing.ACTIVE


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/token", http(b"", status="500 Oops")),
        ("/token", refused("invalid_client")),
        ("/me", http(b"", status="503 Away")),
        ("/me", http(b"{}", "application/json")),
    ],
)
async def test_a_provider_in_trouble_is_nobodys_fault(asked: Corporate, path: str, answer: bytes) -> None:
    """People are kept; a token that came with half an answer is not lost."""
    asked.provider.answers[path] = answer
    before = await identity(asked)
    await look(asked)
    assert (await alice(asked.site)).standing is Standing.ACTIVE
    after = await identity(asked)
    assert after.missed_since == asked.site.env.now
    assert (after.sealed != before.sealed) == (path == "/me")
    asked.provider.answers.clear()
    await look(asked)
    assert (await identity(asked)).missed_since is None


async def test_a_silent_provider_is_not_asked_after_everybody(asked: Corporate) -> None:
    """Each request takes its whole time: after three without an answer the rest waits for the next round."""
    (upstream,) = asked.site.door.sign_on.upstreams.values()
    asked.provider.answers["/token"] = http(b"", status="500 Oops")
    before = len(asked.provider.asked)
    one = await identity(asked)
    answers = await OpenIDDirectory(upstream, asked.site.door).present([one] * 10)
    assert [answer.presence for answer in answers] == [Presence.UNREACHABLE] * 10
    seen = asked.provider.seen
    assert seen is not None
    assert sum(head.startswith("POST /token") for head in seen.heads) == before + 3


USUAL, OFFLINE = "openid profile email", "openid profile email offline_access"


@pytest.mark.parametrize(
    ("listed", "rest", "scope"),
    [
        (["openid", "offline_access"], "", OFFLINE),
        (["openid", "profile", "email"], "", USUAL),
        (None, "", USUAL),
        ("offline_access", "", USUAL),
        (["offline_access"], '\nscopes = ["openid", "profile"]', "openid profile"),
    ],
)
async def test_a_refresh_token_is_asked_for_where_the_provider_lists_it(
    tmp_path: Path, listed: object, rest: str, scope: str
) -> None:
    """By default, at providers that have it, without a question to the person; what the operator wrote is kept to."""
    async with corporate(tmp_path, MADE + rest) as corp:
        if listed is not None:
            corp.provider.document["scopes_supported"] = listed
        asked = parse_qs(urlsplit(await corp.begin()).query)
        assert asked["scope"] == [scope]
        assert "prompt" not in asked


async def test_by_default_somebody_who_left_is_out_within_a_quarter_of_an_hour(tmp_path: Path) -> None:
    """Nothing set but where the provider is: the next round finds that it renews nothing any more."""
    async with corporate(tmp_path) as corp:
        corp.provider.document["scopes_supported"] = ["openid", "profile", "email", "offline_access"]
        corp.provider.refresh_tokens = True
        await corp.sign_in()
        corp.provider.refuses = True
        await look(corp, 15 * MINUTE)
        assert (await alice(corp.site)).standing is not Standing.ACTIVE


async def test_without_a_refresh_token_a_sign_in_counts_for_its_days(tmp_path: Path) -> None:
    """Then the person is held until the next one, however often the background looks."""
    async with corporate(tmp_path, MADE + "\nfresh_days = 30") as corp:
        assert corp.landed(await corp.sign_in()) == "/"
        await look(corp, 29 * DAY)
        assert (await alice(corp.site)).standing is Standing.ACTIVE
        await look(corp, DAY)
        assert (await alice(corp.site)).standing is Standing.DISABLED
        await look(corp, HOUR)
        assert (await alice(corp.site)).standing is Standing.DISABLED
        assert corp.landed(await corp.sign_in(corp.site.browser())) == "/"
        assert (await alice(corp.site)).standing is Standing.ACTIVE


async def test_what_an_administrator_disabled_no_sign_in_there_enables(asked: Corporate) -> None:
    """Held by the provider, then disabled by hand: it stays so."""
    asked.provider.refuses = True
    await look(asked)
    from genkan.protocol import accounts
    from genkan.protocol.outcomes import Change

    for standing in (Standing.ACTIVE, Standing.DISABLED):
        change = accounts.set_standing(await alice(asked.site), standing, "test", asked.site.env())
        assert isinstance(change, Change)
        assert await asked.site.store.apply(change)
    asked.provider.refuses = False
    assert says(await asked.sign_in(asked.site.browser()), Reason.SIGN_ON_REFUSED)


def test_no_token_shows_itself() -> None:
    """Neither an identity nor an answer of a directory prints what it holds."""
    one = Identity("corp", "00u1", 1, "alice", 0, 0, 0, sealed="sealed-thing")
    assert "sealed-thing" not in repr(one) + repr(Checked(Presence.PRESENT, "sealed-thing"))
