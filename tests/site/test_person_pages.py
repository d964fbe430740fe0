"""One person in the console: what is shown, edited, ended, handed out, exported and erased, and what is refused."""

import asyncio
import json
from dataclasses import replace

import pytest

from genkan.protocol import accounts
from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.outcomes import Change, EventKind, PutAccount
from genkan.protocol.records import Account, Standing
from genkan.protocol.signin import lockout
from genkan.site.api.documents import public_id
from genkan.site.flashes import SENTENCES, Flash
from genkan.store.api import PhoneQuery
from genkan.wire.scopes import Permission
from tests.site.api_world import a_phone_of, consented, slowed
from tests.site.person_world import PEOPLE, current, form, page, path_of, said, send
from tests.site.world import PASSWORD, SiteUnderTest, forms_of


@pytest.fixture
async def alice(site: SiteUnderTest, root: Account) -> Account:
    """Whom the pages are about."""
    return await site.make_account(groups=("staff",), email="alice@site.example")


async def put(site: SiteUnderTest, account: Account, standing: Standing) -> None:
    change = accounts.set_standing(await current(site, account), standing, "test", site.env())
    assert isinstance(change, Change)
    assert await site.store.apply(change)


async def kinds(site: SiteUnderTest) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.actor) for _, event in await site.store.events()]


async def test_everything_about_a_person_is_on_one_page(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """Profile, password, link, budget, phones and browsers."""
    link = (await site.make_link("https://app.example/cb")).link
    await a_phone_of(site, alice, link, user_agent="Example/1.0 (iPhone; iOS 26.1)")
    await slowed(site, alice)
    await site.sign_in(browser=site.browser(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/145.0"}))
    text = await page(site, path_of(alice))
    shown = ("alice@site.example", "staff", "WRITE", "Password: set on", "One-time link: made, works until",
             "1 wrong password lately, of 100", "iPhone", "Test app", "Firefox", "Windows", "365 days.")  # fmt: skip
    assert [words for words in shown if words not in text] == []
    assert f"{PEOPLE}/" in text
    assert "This is your own account." in await page(site, path_of(root))


async def test_a_person_is_edited(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """Every field arrives, the right stays, and the administrator is the actor."""
    typed = {"display_name": "Alice A.", "email": "a@site.example", "groups": "b\na", "locale": "ja",
             "time_zone": "Asia/Tokyo"}  # fmt: skip
    assert SENTENCES[Flash.SAVED] in await said(site, await send(site, path_of(alice, "/edit"), "/edit", typed))
    assert await current(site, alice) == replace(
        alice, display_name="Alice A.", email="a@site.example", groups=("a", "b"), locale="ja", time_zone="Asia/Tokyo",
        version=2,
    )  # fmt: skip
    assert (await kinds(site))[-1] == (EventKind.ACCOUNT_CHANGED, root.actor)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"email": "nobody"}, "E-mail: it has no @ between a name and a host."),
        ({"groups": "g" * 101}, "Group: at most 100, each printable and without a comma."),
        ({"time_zone": "Middle/Earth"}, "Choose a time zone of the list."),
        ({"locale": "d e"}, "Locale: at most 64 letters, digits and +-/_."),
    ],
)
async def test_what_cannot_be_saved(site: SiteUnderTest, alice: Account, typed: dict[str, str], words: str) -> None:
    """The sentence stands beside the field, and what was typed is still there."""
    typed = {"time_zone": "UTC", "locale": "", "display_name": "Typed", **typed}
    answer = await send(site, path_of(alice, "/edit"), "/edit", typed)
    assert answer.status_code == 400
    assert words in answer.text
    assert 'value="Typed"' in answer.text
    assert await current(site, alice) == alice


async def test_two_who_edit_at_once_do_not_overwrite_each_other(site: SiteUnderTest, alice: Account) -> None:
    """The later one is told, sees what they typed, and may save it then."""
    action, fields = await form(site, path_of(alice, "/edit"), "/edit")
    theirs = replace(alice, email="theirs@site.example", version=2)
    assert await site.store.apply(Change((PutAccount(theirs),)))
    typed = {**fields, "display_name": "Mine", "locale": "", "time_zone": "UTC"}
    late = await site.client.post(site.absolute(action), data=typed)
    assert late.status_code == 409
    assert "Somebody else changed this account meanwhile" in late.text
    assert await current(site, alice) == theirs
    again = dict(next(f for f in forms_of(late.text) if f[0].endswith("/edit"))[1])
    assert again["display_name"] == "Mine"
    answer = await site.client.post(site.absolute(action), data={**again, "locale": "", "time_zone": "UTC"})
    assert answer.status_code == 303
    assert (await current(site, alice)).display_name == "Mine"


async def test_a_permission_is_changed(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """It counts at once, and language, zone and all else stay."""
    typed = {"permission": "ADMIN"}
    await said(site, await send(site, path_of(alice, "/permission"), "/permission", typed))
    assert await current(site, alice) == replace(alice, permission=Permission.ADMIN, version=2)
    nonsense = await send(site, path_of(alice, "/permission"), "/permission", {"permission": "ROOT"})
    assert nonsense.status_code == 303
    assert (await current(site, alice)).permission is Permission.ADMIN


@pytest.mark.parametrize("act", ["permission", "disable", "delete", "erase"])
async def test_the_last_administrator_stays(site: SiteUnderTest, root: Account, act: str) -> None:
    """By whatever way; the page says why."""
    answer = await send(site, path_of(root, f"/{act}"), f"/{act}", {"permission": "WRITE"})
    assert answer.status_code == 409
    assert "Nobody else with this permission can sign in" in answer.text
    assert await current(site, root) == root


async def test_an_administrator_does_not_reach_above(site: SiteUnderTest) -> None:
    """ADMIN looks at SYSTEM_ADMIN, and neither changes, stops nor becomes them; nor gives away more than they have."""
    root = await site.make_account("root", Permission.SYSTEM_ADMIN)
    await site.make_account("admin", Permission.ADMIN)
    alice = await site.make_account()
    await site.sign_in("admin")
    text = await page(site, path_of(root))
    assert "This person has a wider permission than you." in text
    for act in ("edit", "permission", "disable", "delete", "erase", "recovery"):
        assert f'{path_of(root, "/" + act)}"' not in text
        typed = {"locale": "", "time_zone": "UTC", "permission": "READ"}
        answer = await send(site, path_of(root, f"/{act}"), f"/{act}", typed)
        assert answer.status_code == 403, act
        assert "This takes a permission that the caller does not have." in answer.text, act
    fields = dict((await form(site, path_of(alice, "/edit"), "/edit"))[1])
    for act in ("enable", "guesses/lift"):
        answer = await site.client.post(f"{site.base}{path_of(root, '/' + act)}", data=fields)
        assert answer.status_code == 403, act
    raised = await send(site, path_of(alice, "/permission"), "/permission", {"permission": "SYSTEM_ADMIN"})
    assert raised.status_code == 403
    assert await current(site, root) == root
    assert await current(site, alice) == alice


async def test_disabled_enabled_and_deleted(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """Each after its page; what is signed in ends with the first, and the last cannot be undone."""
    tokens = await _signed_in_phone(site)
    assert SENTENCES[Flash.DISABLED] in await said(site, await send(site, path_of(alice, "/disable"), "/disable"))
    assert (await site.myself(tokens)).status_code == 401
    assert (await site.sign_in(browser=site.browser())).status_code == 401
    assert SENTENCES[Flash.ENABLED] in await said(site, await send(site, path_of(alice), "/enable"))
    assert (await site.sign_in(browser=site.browser())).status_code == 303
    text = await said(site, await send(site, path_of(alice, "/delete"), "/delete"))
    assert SENTENCES[Flash.DELETED] in text
    assert "Erase the person" in text
    assert "Make a one-time link" not in text
    assert (await current(site, alice)).standing is Standing.DELETED
    for rest in ("/edit", "/delete", "/recovery", "/sign-out"):
        assert (await site.client.get(f"{site.base}{path_of(alice, rest)}")).status_code == 404


async def _signed_in_phone(site: SiteUnderTest) -> str:
    """A phone of alice, whose browser is another one than the administrator's."""
    link = await site.turn_mobile_on()
    mine, site.client = site.client, site.browser()
    tokens = await site.issue_tokens(link)
    await site.client.aclose()
    site.client = mine
    return str(tokens["access_token"])


async def test_signed_out_everywhere(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """Phones and browsers, not the account."""
    token = await _signed_in_phone(site)
    browser = site.browser()
    await site.sign_in(browser=browser)
    text = await page(site, path_of(alice, "/sign-out"))
    assert "Phones and applications signed in" in text
    assert SENTENCES[Flash.PERSON_SIGNED_OUT] in await said(
        site, await send(site, path_of(alice, "/sign-out"), "/sign-out")
    )
    assert (await site.myself(token)).status_code == 401
    assert (await browser.get(f"{site.base}/account/apps")).status_code == 302
    assert (await site.sign_in(browser=browser)).status_code == 303
    assert (EventKind.ACCOUNT_SIGNED_OUT, root.actor) in await kinds(site)


async def test_browsers_are_ended_one_by_one_and_all(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """The administrator's own browser has no button and outlives ending all of one's own."""
    browsers = [site.browser() for _ in range(3)]
    for browser in browsers:
        await site.sign_in(browser=browser)
    answer = await send(site, path_of(alice), "/end")
    assert SENTENCES[Flash.BROWSERS_ENDED] in await said(site, answer)
    states = [(await browser.get(f"{site.base}/account/apps")).status_code for browser in browsers]
    assert sorted(states) == [200, 200, 302]
    await said(site, await send(site, path_of(alice), "/end-all"))
    assert {(await b.get(f"{site.base}/account/apps")).status_code for b in browsers} == {302}
    assert "No browser is signed in." in await page(site, path_of(alice))
    await site.sign_in("root", browser=site.browser())
    await said(site, await send(site, path_of(root), "/end-all"))
    assert "This browser" in await page(site, path_of(root))


async def test_a_link_is_shown_once(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """On the answer alone; the person's page says until when it works, and takes it back."""
    answer = await send(site, path_of(alice, "/recovery"), "/recovery")
    url = f"{site.base}/recover/" + answer.text.partition(f"{site.base}/recover/")[2].partition("<")[0]
    assert answer.headers["cache-control"] == "no-store"
    assert (await site.browser().get(url)).status_code == 200
    assert url not in await page(site, path_of(alice))
    assert "There is a link already" in await page(site, path_of(alice, "/recovery"))
    second = await send(site, path_of(alice, "/recovery"), "/recovery")
    assert second.status_code == 200
    assert (await site.browser().get(url)).status_code == 404
    assert SENTENCES[Flash.LINK_WITHDRAWN] in await said(site, await send(site, path_of(alice), "/recovery/withdraw"))
    assert "One-time link: made" not in await page(site, path_of(alice))
    fields = dict((await form(site, path_of(alice, "/recovery"), "/recovery"))[1])
    gone = await site.client.post(f"{site.base}{path_of(alice, '/recovery/withdraw')}", data=fields)
    assert SENTENCES[Flash.GONE] in await said(site, gone)
    made = [kind for kind, actor in await kinds(site) if actor == root.actor and "recovery" in kind]
    assert made == [EventKind.RECOVERY_LINK_MADE] * 2 + [EventKind.RECOVERY_LINK_WITHDRAWN]


async def test_nobody_who_is_disabled_gets_a_link(site: SiteUnderTest, alice: Account) -> None:
    """The page says what to do first; a form that was open before makes none."""
    action, fields = await form(site, path_of(alice, "/recovery"), "/recovery")
    await put(site, alice, Standing.DISABLED)
    text = await page(site, path_of(alice, "/recovery"))
    assert "The account is disabled. Enable it first." in text
    assert (await site.client.post(site.absolute(action), data=fields)).status_code == 400
    assert await site.store.recovery_of(alice.id) is None


async def test_slowed_down_sign_in_is_said_and_lifted(site: SiteUnderTest, alice: Account) -> None:
    """After a hundred wrong passwords the page says so, and one press lets new browsers in again."""
    for number in range(lockout.PER_ACCOUNT.burst):
        asked = lockout.tries("alice", f"net {number}", None)
        row = await site.store.password_row("alice", asked.keys)
        counted = lockout.failed(asked, row.guesses, site.env.now)
        assert counted is not None
        assert await site.store.apply(Change((counted,)))
    assert "Sign-in is slowed down" in await page(site, path_of(alice))
    assert (await site.sign_in(browser=site.browser())).status_code == 401
    assert SENTENCES[Flash.GUESSES_LIFTED] in await said(site, await send(site, path_of(alice), "/guesses/lift"))
    assert "No wrong passwords from new browsers lately." in await page(site, path_of(alice))
    assert (await site.sign_in(browser=site.browser())).status_code == 303


async def test_all_that_is_kept_is_given_out(site: SiteUnderTest, root: Account, alice: Account) -> None:
    """As a file, for a deleted person as well."""
    await put(site, alice, Standing.DELETED)
    answer = await site.client.get(f"{site.base}{path_of(alice, '/export')}")
    assert answer.headers["content-disposition"].startswith('attachment; filename="genkan-person-')
    assert json.loads(answer.text)["person"]["name"] == "alice"


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_person_is_erased(site: SiteUnderTest, root: Account, alice: Account, deleted: bool) -> None:
    """Deleted before or not: the page says what goes and what stays, and afterwards the name is nowhere."""
    link = (await site.make_link("https://app.example/cb")).link
    await a_phone_of(site, alice, link, user_agent="Example/1.0 (iPhone)")
    await consented(site, alice, link)
    await slowed(site, alice)
    if deleted:
        await put(site, alice, Standing.DELETED)
    text = await page(site, path_of(alice, "/erase"))
    assert "What goes, at once" in text
    assert "What stays" in text
    action, fields = await form(site, path_of(alice, "/erase"), "/erase")
    answer = await site.client.post(site.absolute(action), data=fields)
    assert SENTENCES[Flash.ERASED] in await said(site, answer)
    kept = await current(site, alice)
    assert (kept.standing, kept.email, kept.display_name) == (Standing.DELETED, "", "")
    assert "alice" not in kept.name
    assert await site.store.recovery_of(alice.id) is None
    [row] = await site.store.phones(PhoneQuery(account_id=alice.id))
    assert row.grant.user_agent == ""
    again = await site.client.post(site.absolute(action), data=fields)
    assert again.status_code == 303, "erasing twice harms nothing"


async def test_of_two_presses_at_once_both_end_well(site: SiteUnderTest, alice: Account) -> None:
    """Double submit of an act that has a page of its own: done once, and the second finds it done."""
    action, fields = await form(site, path_of(alice, "/delete"), "/delete")
    answers = await asyncio.gather(*(site.client.post(site.absolute(action), data=fields) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [303, 404]


async def test_what_was_typed_survives_a_session_that_is_over(site: SiteUnderTest, alice: Account) -> None:
    """Signing in again leads back to the form, filled in, and nothing was changed."""
    action, fields = await form(site, path_of(alice, "/edit"), "/edit")
    site.env.advance(9 * HOUR)
    over = await site.client.post(site.absolute(action), data={**fields, "display_name": "Typed"})
    assert over.status_code == 401
    login, carried = next(f for f in forms_of(over.text) if f[0].endswith("/login"))
    kept = await site.client.post(site.absolute(login), data={**carried, "username": "root", "password": PASSWORD})
    action, fields = next(f for f in forms_of(kept.text) if f[0].endswith("/edit"))
    shown = await site.client.post(site.absolute(action), data=fields)
    assert 'value="Typed"' in shown.text
    assert await current(site, alice) == alice


async def test_a_form_sent_without_a_recent_sign_in_asks_first(site: SiteUnderTest, alice: Account) -> None:
    """Deleting after a while: the password, then the page again; nothing happens by itself."""
    action, fields = await form(site, path_of(alice, "/delete"), "/delete")
    site.env.advance(30 * MINUTE)
    asked = await site.client.post(site.absolute(action), data=fields)
    assert asked.status_code == 401
    confirm, carried = next(f for f in forms_of(asked.text) if f[0].endswith("/confirm"))
    led = await site.client.post(site.absolute(confirm), data={**carried, "password": PASSWORD})
    assert led.headers["location"].endswith(path_of(alice, "/delete"))
    assert (await current(site, alice)).standing is Standing.ACTIVE


@pytest.mark.parametrize("path", ["/admin/links/create", "/admin/links/{link}/edit", "/admin/people/{person}/edit"])
async def test_where_answers_go_and_what_applications_are_told_needs_a_recent_sign_in(
    site: SiteUnderTest, path: str
) -> None:
    """Redirect URLs, groups and e-mail: a browser that was left alone is asked first, and a form changes nothing."""
    person, link = await site.make_account(), (await site.make_link()).link
    await site.make_account("root", Permission.ADMIN)
    await site.sign_in("root")
    address = site.base + path.format(person=public_id(person.id), link=public_id(link.id))
    page = await site.client.get(address)
    assert page.status_code == 200
    fields = next((fields for action, fields in forms_of(page.text) if site.absolute(action) == address), {})
    site.env.advance(15 * MINUTE)
    before = await site.store.events()
    assert (await site.client.get(address)).headers["location"].startswith(f"{site.base}/confirm?next=")
    assert (await site.client.post(address, data={**fields, "email": "thief@site.example"})).status_code == 401
    assert await site.store.events() == before
