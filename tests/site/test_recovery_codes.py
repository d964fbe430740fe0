"""Recovery codes: made once, used once, counted like passwords; and what a person is told of failed tries."""

import re

import httpx2
import pytest

from genkan.protocol.accounts import set_standing
from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.records import Method, Standing, Way
from genkan.protocol.signin import recovery_codes
from genkan.protocol.signin_steps import PutSignInPolicy
from tests.site.world import PASSWORD, SiteUnderTest, forms_of

METHODS = "/account/sign-in"
NEW = "another good password"


async def pressed(site: SiteUnderTest, page: str, action: str, **fields: str) -> httpx2.Response:
    """A form of a page, sent as a browser would."""
    shown = await site.client.get(site.base + page)
    where, hidden = next(form for form in forms_of(shown.text) if form[0].endswith(action))
    return await site.client.post(site.absolute(where), data={**hidden, **fields})


async def made(site: SiteUnderTest) -> list[str]:
    """Alice's ten codes, as the page shows them; the browser is hers."""
    await site.make_account()
    await site.sign_in()
    page = await pressed(site, METHODS, "/codes/create")
    assert page.status_code == 200
    return re.findall(r"<li><code>([0-9a-z-]+)</code></li>", page.text)


async def used(site: SiteUnderTest, code: str, name: str = "alice") -> httpx2.Response:
    """A new browser that tries a code."""
    site.client.cookies.clear()
    return await pressed(site, "/login/recovery", "/login/recovery", username=name, code=code)


async def test_ten_codes_each_of_which_lets_in_once(site: SiteUnderTest) -> None:
    """The second use of any fails; what is left is shown; the audit has a line for each."""
    codes = await made(site)
    assert len(set(codes)) == 10
    account = await site.store.account_by_name("alice")
    assert account is not None
    for spent, code in enumerate(reversed(codes), 1):
        assert (await used(site, code)).headers["location"] == f"{site.base}{METHODS}?done=code-used"
        assert await site.store.recovery_codes_left(account.id) == 10 - spent
        assert (await used(site, code)).status_code == 401
        site.env.advance(MINUTE)
    kinds = [event.kind for _, event in await site.store.events(limit=1000)]
    assert kinds.count(EventKind.RECOVERY_CODE_USED) == 10


@pytest.mark.parametrize("spelled", [str.upper, str.title, lambda c: c.replace("-", ""), lambda c: f" {c} "])
async def test_a_code_is_read_as_people_type_it(site: SiteUnderTest, spelled: object) -> None:
    """Capitals, spaces and dashes do not matter, nor do letters that look like digits."""
    code = (await made(site))[0]
    typed = spelled(code).replace("0", "O").replace("1", "l")  # type: ignore[operator]
    assert (await used(site, typed)).status_code == 303


async def test_every_failure_has_one_answer_and_hashes_nothing(
    site: SiteUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown name, another's code, a disabled person and a used-up budget cannot be told apart by text or status."""
    codes = await made(site)
    bob, _ = await site.make_account("bob"), await site.make_account("carol")
    other = recovery_codes.make(bob, "test", site.env())
    assert await site.store.apply(other.change)
    disabled = await site.store.account_by_name("carol")
    assert disabled is not None
    asleep = recovery_codes.make(disabled, "test", site.env())
    assert await site.store.apply(asleep.change)
    gone = set_standing(disabled, Standing.DISABLED, "test", site.env())
    assert isinstance(gone, Change)
    assert await site.store.apply(gone)

    async def never(*_: object) -> bool:
        raise AssertionError("a password was hashed")

    monkeypatch.setattr(site.door.passwords, "verify", never)
    tries = [("nobody", codes[0]), ("alice", other.codes[0]), ("carol", asleep.codes[0]), ("alice", ""), ("", codes[0])]
    answers = [await used(site, code, name) for name, code in tries]
    for _ in range(10):
        await used(site, "wrong")
    answers.append(await used(site, codes[0]))
    told = {(answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)) for answer in answers}
    assert {status for status, _ in told} == {401}
    assert len({re.sub(r" autofocus", "", text) for _, text in told}) == 1


async def test_codes_and_passwords_share_one_budget(site: SiteUnderTest) -> None:
    """Row 13: what is tried at one door is not free at the other, however the name is spelled."""
    codes = await made(site)
    site.client.cookies.clear()
    for spelled in ("alice", "ALICE", " Alice ", "\uff41lice", "alice") * 2:
        assert (await used(site, "wrong", spelled)).status_code == 401
    assert (await site.sign_in()).status_code == 401
    assert (await used(site, codes[0])).status_code == 401
    site.env.advance(2 * MINUTE)
    assert (await used(site, codes[0])).status_code == 303


async def test_who_came_by_a_code_chooses_a_password(site: SiteUnderTest) -> None:
    """Without the present one, which is lost; for a quarter of an hour, and under a new session id."""
    codes = await made(site)
    await used(site, codes[0])
    before = site.client.cookies["__Host-genkan-session"]
    fields = {"password": NEW, "password_again": NEW, "sign_out": "yes"}
    done = await pressed(site, METHODS, METHODS, **fields)
    assert done.headers["location"].endswith("done=password-changed-everywhere")
    assert site.client.cookies["__Host-genkan-session"] != before
    account = await site.store.account_by_name("alice")
    assert account is not None
    live = [one for one in await site.store.sessions(account.id) if one.account_stop == account.stop]
    assert [session.method for session in live] == [Method.RECOVERY]
    site.client.cookies.clear()
    assert (await site.sign_in(password=NEW)).status_code == 303


async def test_an_hour_later_the_present_password_is_asked_for(site: SiteUnderTest) -> None:
    """A browser that was left open is no place to set one."""
    codes = await made(site)
    await used(site, codes[0])
    site.env.advance(HOUR)
    answer = await pressed(site, METHODS, METHODS, password=NEW, password_again=NEW)
    assert answer.status_code == 400
    site.client.cookies.clear()
    assert (await site.sign_in()).status_code == 303


async def test_a_code_does_not_pass_for_what_the_site_takes(site: SiteUnderTest) -> None:
    """Where passwords are not taken a code leads to the account's pages, and no application is signed in by it."""
    codes = await made(site)
    put = PutSignInPolicy(Way.PASSKEY, None, (await site.store.site()).version)
    assert await site.store.apply(Change((put,)))
    await used(site, codes[0])
    page = await site.client.get(site.base + METHODS)
    assert page.status_code == 200
    assert "This site takes no passwords." in page.text
    link = (await site.make_link()).link
    assert "asks for another way" in (await site.authorize(link)).text


async def test_new_codes_end_the_old_ones_and_they_can_be_taken_away(site: SiteUnderTest) -> None:
    """A sheet that was lost opens nothing once there is another."""
    codes = await made(site)
    page = await pressed(site, METHODS, "/codes/create")
    newer = re.findall(r"<li><code>([0-9a-z-]+)</code></li>", page.text)
    assert (await used(site, codes[0])).status_code == 401
    assert (await used(site, newer[0])).status_code == 303
    gone = await pressed(site, METHODS, "/codes/delete")
    assert gone.headers["location"].endswith("done=codes-taken")
    assert (await used(site, newer[1])).status_code == 401


async def test_the_codes_are_shown_once_and_kept_nowhere(site: SiteUnderTest) -> None:
    """Neither a page nor the database tells them again."""
    codes = await made(site)
    page = await site.client.get(site.base + METHODS)
    assert not any(code in page.text for code in codes)
    await site.store.flush()
    kept = b"".join(path.read_bytes() for path in site.folder.glob("genkan.db*"))
    assert not any(code.encode() in kept or code.replace("-", "").encode() in kept for code in codes)


async def test_a_person_is_told_what_failed_since(site: SiteUnderTest) -> None:
    """How often, since when, from where; until they say that they have seen it, and anew for what comes after."""
    await site.make_account()
    stranger = site.browser()
    for _ in range(3):
        await site.sign_in(password="wrong password", browser=stranger)
        site.env.advance(MINUTE)
    await site.sign_in()
    page = await site.client.get(site.base + METHODS)
    assert re.search(r"that failed since .*: 3\.", page.text)
    assert "127.0.0.0/24" in page.text
    start = await site.client.get(site.base + "/")
    assert "It was me" in start.text
    await site.sign_in(password="wrong password", browser=stranger)
    stale = next(form for form in forms_of(page.text) if form[0].endswith("/seen"))
    await site.client.post(site.absolute(stale[0]), data=stale[1])
    assert re.search(r"that failed since .*: 4\.", (await site.client.get(site.base + METHODS)).text)
    answer = await pressed(site, METHODS, "/seen")
    assert answer.headers["location"] == f"{site.base}{METHODS}"
    assert "that failed since" not in (await site.client.get(site.base + METHODS)).text


async def test_a_slip_in_ones_own_browser_is_not_told(site: SiteUnderTest) -> None:
    """A browser that signed in before has a lane of its own; its owner knows what they typed."""
    await site.make_account()
    await site.sign_in()
    for _ in range(3):
        await site.sign_in(password="wrong password")
    await site.sign_in()
    assert "that failed since" not in (await site.client.get(site.base + METHODS)).text


async def test_a_flood_is_told_as_far_as_it_was_judged(site: SiteUnderTest) -> None:
    """What the budget refused unjudged is neither counted nor written: a flood cannot make the store grow."""
    await site.make_account()
    stranger = site.browser()
    for _ in range(30):
        await site.sign_in(password="wrong password", browser=stranger)
    account = await site.store.account_by_name("alice")
    assert account is not None
    tries = await site.store.failed_tries(account.id)
    assert tries is not None
    assert tries.count == 10


async def test_a_code_that_was_used_is_told(site: SiteUnderTest) -> None:
    """So that somebody else's hand in the drawer does not stay unseen."""
    codes = await made(site)
    await used(site, codes[0])
    site.client.cookies.clear()
    await site.sign_in(password=PASSWORD)
    assert "One of your recovery codes was used" in (await site.client.get(site.base + METHODS)).text
