"""Signing in: constant answers, one budget for every alias, new ids at every privilege step, one-time things used
once.
"""

import asyncio
import re
from dataclasses import replace

import httpx2
import pytest

from genkan.outside.ldap import DirectoryFull, LdapDirectory, MayGuess, Tried, Wrong
from genkan.protocol import accounts, links
from genkan.protocol.env import HOUR, MINUTE, Env
from genkan.protocol.link_wishes import LinkWish
from genkan.protocol.outcomes import MOST_SETUP_LINKS, Change, EventKind
from genkan.protocol.records import Link, Standing
from genkan.protocol.signin import lockout
from genkan.protocol.signin.setup import setup_link
from genkan.sources.ldap import LdapSource
from genkan.wire.scopes import Permission
from tests.site.world import PASSWORD, SiteUnderTest, forms_of

WRONG = "not the password"
VARYING = re.compile(rb'value="[^"]*"|"page_token": "[^"]*"|[0-9a-f]{8}-[0-9a-f]+')


class CountingLane:
    """The password lane with a counter before it."""

    def __init__(self, site: SiteUnderTest) -> None:
        self._lane = site.door.passwords
        self.decoy = self._lane.decoy
        self.verified = 0

    async def verify(self, kept: str, password: str) -> bool:
        """Count and pass on."""
        self.verified += 1
        return await self._lane.verify(kept, password)

    def close(self) -> None:
        """Pass on."""
        self._lane.close()  # type: ignore[attr-defined]


async def _exhaust(site: SiteUnderTest, name: str) -> None:
    for _ in range(lockout.PER_NETWORK.burst):
        assert (await site.sign_in(name, WRONG)).status_code == 401


class CountingDirectory(LdapDirectory):
    """A directory that knows nobody; it counts its conversations and the passwords that it may be given."""

    def __init__(self, *, full: bool = False) -> None:
        super().__init__(LdapSource(name="corp", title="Corp", servers=("ldaps://directory.example",), base="dc=x"))
        self.full = full
        self.asked: list[str] = []
        self.passed_on: list[str] = []

    async def sign_in(self, name: str, password: str, may_guess: MayGuess, env: Env, subject: str = "") -> Tried:
        """Count, and say what a directory says of a name that it does not have."""
        if self.full:
            raise DirectoryFull
        self.asked.append(name)
        if await may_guess(subject):
            self.passed_on.append(name)
        return Wrong("nobody fits")


async def _fallen_short(site: SiteUnderTest) -> list[tuple[str, str]]:
    """Each way to fail: names and passwords."""
    await site.make_account("alice")
    disabled = await site.make_account("bob")
    await site.make_account("carol")
    change = accounts.set_standing(disabled, Standing.DISABLED, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)
    for name in ("carol", "nobody-again"):
        await _exhaust(site, name)
    tries = [("alice", WRONG), ("nobody", PASSWORD), ("bob", PASSWORD), ("carol", PASSWORD), ("carol", WRONG)]
    return [*tries, ("nobody-again", WRONG), ("alice\u200b", PASSWORD)]


@pytest.mark.parametrize("directories", [0, 2])
async def test_every_failure_has_one_answer_after_one_hash(site: SiteUnderTest, directories: int) -> None:
    """Unknown, wrong, disabled and over budget cannot be told apart by text or status; each hashes exactly once, and
    each talks once with each directory, whether the name has a password here or not.
    """
    tries = await _fallen_short(site)
    lane = CountingLane(site)
    asked = tuple(CountingDirectory() for _ in range(directories))
    object.__setattr__(site.door, "passwords", lane)
    object.__setattr__(site.door, "directories", asked)
    answers = [await site.sign_in(*one) for one in tries]
    assert lane.verified == len(answers)
    assert {answer.status_code for answer in answers} == {401}
    assert len({VARYING.sub(b"", answer.content) for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers)) for answer in answers}) == 1
    for directory in asked:
        assert directory.asked == [accounts.fold(name) for name, _ in tries if accounts.fold(name)]
        assert directory.passed_on == ["nobody"]


async def test_a_full_lane_of_a_directory_answers_every_name_alike(site: SiteUnderTest) -> None:
    """Whoever fills a directory's lane learns nothing of names and guesses no more often at a password of ours; and
    the right one still lets its owner in.
    """
    tries = await _fallen_short(site)
    object.__setattr__(site.door, "directories", (CountingDirectory(full=True),))
    answers = [await site.sign_in(*one) for one in tries if accounts.fold(one[0])]
    assert {answer.status_code for answer in answers} == {503}
    assert (await site.sign_in("alice", PASSWORD)).status_code == 303
    async with site.browser() as stranger:
        for _ in range(lockout.PER_NETWORK.burst):
            assert (await site.sign_in("alice", WRONG, stranger)).status_code == 503
        assert (await site.sign_in("alice", PASSWORD, stranger)).status_code == 503


@pytest.mark.parametrize("alias", ["ALICE", " alice ", "\uff41lice", "Alice"])
async def test_every_spelling_feeds_one_budget(site: SiteUnderTest, alias: str) -> None:
    """Case, width and spaces are no second chance: the budget is the folded name's."""
    await site.make_account("alice")
    await _exhaust(site, alias)
    assert (await site.sign_in("alice", PASSWORD)).status_code == 401


async def test_the_budget_refills_and_survives_a_restart(site: SiteUnderTest) -> None:
    """A full budget refuses the right password, lets one try through each minute, and is kept in the store."""
    await site.make_account("alice")
    await _exhaust(site, "alice")
    assert (await site.sign_in()).status_code == 401
    site.env.advance(2 * MINUTE)
    assert (await site.sign_in()).status_code == 303


async def test_guessing_elsewhere_does_not_lock_the_owner_out(site: SiteUnderTest) -> None:
    """A browser that signed in before has a budget of its own; strangers use up theirs and the network's."""
    await site.make_account("alice")
    assert (await site.sign_in()).status_code == 303
    async with site.browser() as stranger:
        for _ in range(lockout.PER_NETWORK.burst + 5):
            await site.sign_in("alice", WRONG, stranger)
        assert (await site.sign_in("alice", PASSWORD, stranger)).status_code == 401
    assert (await site.sign_in()).status_code == 303


def _session_cookie(browser: httpx2.AsyncClient) -> str:
    return browser.cookies["__Host-genkan-session"]


async def test_the_session_id_changes_at_every_privilege_step(site: SiteUnderTest) -> None:
    """No fixation: a planted id is never taken up, signing in again draws a new one, and the old one is dead."""
    await site.make_account()
    planted = "ab" * 32
    site.client.cookies.set("__Host-genkan-session", planted, domain="site.example", path="/")
    await site.sign_in()
    first = _session_cookie(site.client)
    assert first != planted
    await site.sign_in()
    second = _session_cookie(site.client)
    assert second != first
    for dead in (planted, first):
        async with site.browser(cookies={"__Host-genkan-session": dead}) as thief:
            answer = await thief.get(f"{site.base}/account/apps")
            assert answer.status_code == 302
            assert "/login" in answer.headers["location"]


async def test_a_session_idles_out_and_ends_absolutely(site: SiteUnderTest) -> None:
    """Eight hours unused or seven days in all, and the browser has to sign in."""
    await site.make_account()
    await site.sign_in()
    site.env.advance(8 * HOUR)
    assert (await site.client.get(f"{site.base}/account/apps")).status_code == 302
    await site.sign_in()
    for _ in range(24 * 7 // 4):
        site.env.advance(4 * HOUR - 1)
        await site.client.get(f"{site.base}/account/apps")
        await site.store.flush()
    assert (await site.client.get(f"{site.base}/account/apps")).status_code == 200
    site.env.advance(HOUR)
    assert (await site.client.get(f"{site.base}/account/apps")).status_code == 302


async def test_the_set_up_link_is_used_once_never_late_never_elsewhere(site: SiteUnderTest) -> None:
    """All of them die with the first administrator, and the oldest with too many newer ones; a guess at one is 404; two
    at once make one account.
    """
    links = [setup_link(site.env()) for _ in range(MOST_SETUP_LINKS + 1)]
    for link in links:
        assert await site.store.apply(link.change)
    tried = [(await site.client.get(f"{site.base}/setup/{link.token}")).status_code for link in links]
    assert tried == [404, *[200] * MOST_SETUP_LINKS]
    old, new = links[1], links[-1]
    assert (await site.client.get(f"{site.base}/setup/{'0' * 48}")).status_code == 404

    async def attempt(name: str, token: str) -> int:
        async with site.browser() as browser:
            page = await browser.get(f"{site.base}/setup/{token}")
            action, fields = forms_of(page.text)[0]
            filled = {**fields, "username": name, "password": PASSWORD, "password_again": PASSWORD}
            return (await browser.post(site.absolute(action), data=filled)).status_code

    statuses = await asyncio.gather(attempt("first", old.token), attempt("second", new.token))
    assert sorted(statuses) == [303, 404]
    assert len(await site.store.accounts()) == 1
    for link in (old, new):
        assert (await site.client.get(f"{site.base}/setup/{link.token}")).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://site.example.evil.example"},
    ],
)
async def test_forms_from_elsewhere_are_refused(site: SiteUnderTest, headers: dict[str, str]) -> None:
    """A form that another origin sends changes nothing, whatever token it carries."""
    await site.make_account()
    page = await site.client.get(f"{site.base}/login")
    action, fields = forms_of(page.text)[0]
    filled = {**fields, "username": "alice", "password": PASSWORD}
    answer = await site.client.post(site.absolute(action), data=filled, headers=headers)
    assert answer.status_code == 403
    assert "__Host-genkan-session" not in site.client.cookies


async def test_a_page_of_another_browser_decides_nothing(site: SiteUnderTest) -> None:
    """The consent page's token of one session is of no use in another: no code, the question is asked again."""
    await site.make_account("alice")
    await site.make_account("mallory")
    link = await site.turn_mobile_on()
    async with site.browser() as attacker:
        await site.sign_in("mallory", PASSWORD, attacker)
        page = await site.authorize(link, attacker)
    await site.sign_in("alice")
    action, fields = next(f for f in forms_of(page.text) if "consent" in f[0])
    answer = await site.client.post(site.absolute(action), data={**fields, "decision": "allow"})
    assert answer.status_code == 303
    assert "code=" not in answer.headers["location"]


async def test_a_page_token_grows_old(site: SiteUnderTest) -> None:
    """A form that lay open for a day is asked for once more, with what was typed still there."""
    await site.make_account()
    page = await site.client.get(f"{site.base}/login")
    site.env.advance(24 * HOUR)
    action, fields = forms_of(page.text)[0]
    filled = {**fields, "username": "alice", "password": PASSWORD}
    answer = await site.client.post(site.absolute(action), data=filled)
    assert answer.status_code == 403
    assert 'value="alice"' in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "https://site.example.evil.example/",
        "https://site.example@evil.example/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "https://site.example//evil.example/..//",
    ],
)
async def test_sign_in_leads_to_no_other_host(site: SiteUnderTest, target: str) -> None:
    """No open redirect: what is not an address of this origin leads to the start page."""
    await site.make_account()
    answer = await site.sign_in(next=target)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("https://site.example/")
    assert "evil" not in answer.headers["location"].removeprefix("https://site.example/").split("/")[0]


async def test_the_first_administrator_may_do_everything(site: SiteUnderTest) -> None:
    """Set-up makes a system administrator who is signed in at once and can turn the switch on."""
    link = setup_link(site.env())
    assert await site.store.apply(link.change)
    page = await site.client.get(f"{site.base}/setup/{link.token}")
    action, fields = forms_of(page.text)[0]
    filled = {**fields, "username": "root", "password": PASSWORD, "password_again": PASSWORD}
    assert (await site.client.post(site.absolute(action), data=filled)).status_code == 303
    account = await site.store.account_by_name("root")
    assert account is not None
    assert account.permission is Permission.SYSTEM_ADMIN
    done = await site.client.get(f"{site.base}/setup/done")
    action, fields = next(f for f in forms_of(done.text) if f[0].endswith("/setup/mobile"))
    assert (await site.client.post(site.absolute(action), data=fields)).status_code == 303
    assert (await site.store.site()).mobile_enabled
    assert (await site.client.post(site.absolute(action), data=fields)).status_code == 303
    kinds = [event.kind for _, event in await site.store.events()]
    assert kinds.count(EventKind.MOBILE_ON) == 1, "pressed again, it is no news"


@pytest.mark.parametrize("interaction", ["../../evil", "//evil.example", "a/../b", "%2e%2e", "\u2603", "x" * 5000])
async def test_a_damaged_interaction_leads_to_the_start_page(site: SiteUnderTest, interaction: str) -> None:
    """Signing in on behalf of nobody that can be read is signing in to the site itself."""
    await site.make_account()
    answer = await site.sign_in(interaction=interaction)
    assert (answer.status_code, answer.headers["location"]) == (303, "https://site.example/")


async def test_a_permission_raised_behind_the_page_is_asked_about_again(site: SiteUnderTest) -> None:
    """The decision is about what the page said: if more would be given now, the person is asked once more."""
    await site.make_account()
    link = await site.turn_mobile_on()
    lowered = links.change(link, replace(_wish_of(link), permission=Permission.READ), "test", site.env())
    await site.sign_in()
    sent = await site.authorize(link)
    assert isinstance(lowered, Change)
    assert await site.store.apply(lowered)
    page = await site.authorize(link, scope="-")
    assert "READ" in page.text
    assert "WRITE" in sent.text
    answer = await site.decide(sent)
    assert answer.status_code == 303
    assert "code=" not in answer.headers["location"]


def _wish_of(link: Link) -> LinkWish:
    return LinkWish(link.name, link.redirects, link.permission, link.kind)
