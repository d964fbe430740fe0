"""People in the console: the list, adding somebody, and how far an administrator reaches on each page."""

from html import unescape
from urllib.parse import urlsplit

import pytest

from genkan.protocol import accounts
from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.outcomes import Change, EventKind
from genkan.protocol.records import Account, Standing
from genkan.site.admin import people_pages
from genkan.site.api.documents import public_id
from genkan.site.flashes import SENTENCES, Flash
from genkan.store import sqlite_people
from genkan.wire.scopes import Permission
from tests.site.person_world import NEW, PEOPLE, form, page, path_of, said, send
from tests.site.world import PASSWORD, SiteUnderTest, forms_of


async def named(site: SiteUnderTest, name: str) -> Account:
    account = await site.store.account_by_name(name)
    assert account is not None
    return account


async def test_the_list_comes_by_name_in_pages(
    site: SiteUnderTest, root: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Following `Next page` shows each account once; `First page` leads back, and the filters go along."""
    monkeypatch.setattr(people_pages, "ON_A_PAGE", 3)
    for number in range(7):
        await site.make_account(f"anna {number}")
    await site.make_account("bert")
    seen, address = [], f"{PEOPLE}?prefix=anna"
    while address:
        text = await page(site, address)
        seen += [name for name in (f"anna {n}" for n in range(7)) if f'"><bdi>{name}</bdi></a>' in text]
        assert "bert" not in text
        following = text.partition('">Next page')[0].rpartition('href="')[2] if "Next page" in text else ""
        assert ("First page" in text) == ("after=" in address)
        address = following
    assert seen == [f"anna {n}" for n in range(7)]


async def test_filters_show_whom_they_name(site: SiteUnderTest, root: Account) -> None:
    """By the start of the name in any spelling, permission and state; what was chosen stays chosen."""
    await site.make_account("Alice")
    gone = await site.make_account("gone")
    off = await site.make_account("off")
    for account, standing in ((gone, Standing.DELETED), (off, Standing.DISABLED)):
        change = accounts.set_standing(account, standing, "test", site.env())
        assert isinstance(change, Change)
        assert await site.store.apply(change)
    expected = {
        ("prefix", "aLI"): {"Alice"}, ("permission", "SYSTEM_ADMIN"): {"root"}, ("state", "disabled"): {"off"},
        ("state", "deleted"): {"gone"}, ("state", "active"): {"Alice", "root"}, ("x", "y"): {"Alice", "off", "root"},
        ("state", "nonsense"): {"Alice", "off", "root"}, ("permission", "ROOT"): {"Alice", "off", "root"},
    }  # fmt: skip
    for (name, value), people in expected.items():
        text = await page(site, PEOPLE, **{name: value})
        assert {who for who in ("Alice", "gone", "off", "root") if f'"><bdi>{who}</bdi></a>' in text} == people, value
    assert '<option value="disabled" selected>' in await page(site, PEOPLE, state="disabled")


async def test_the_few_who_fit_are_found_among_many(
    site: SiteUnderTest, root: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page goes on looking where it has found too few, a few times; then it says that there are more names."""
    monkeypatch.setattr(sqlite_people, "MOST_NAMES", 3)
    monkeypatch.setattr(people_pages, "ROUNDS", 5)
    for number in range(12):
        await site.make_account(f"anna {number:02}")
    await site.make_account("bert", Permission.ADMIN)
    text = await page(site, PEOPLE, permission="ADMIN")
    assert '"><bdi>bert</bdi></a>' in text
    monkeypatch.setattr(people_pages, "ROUNDS", 2)
    text = await page(site, PEOPLE, permission="ADMIN")
    assert "Nobody among the names that were looked at fits." in text
    assert "Next page" in text


async def test_a_list_with_nobody_says_what_to_do(site: SiteUnderTest, root: Account) -> None:
    """And leads back to everybody; a name that nobody can have is no error."""
    for prefix in ("zzz", "a\u200bb"):
        text = await page(site, PEOPLE, prefix=prefix)
        assert "Nobody fits." in text
        assert f'href="{PEOPLE}">Show everybody' in text


async def test_the_familiar_path_leads_to_the_list(site: SiteUnderTest, root: Account) -> None:
    """As administrators know it."""
    answer = await site.client.get(f"{site.base}/secure/admin/user/UserBrowser.jspa")
    assert urlsplit(answer.headers["location"]).path == PEOPLE


TYPED = {"name": "Bob B.", "display_name": "Bob", "email": "bob@site.example", "permission": "ADMIN",
         "groups": "staff\r\n developers, testers \r\n\r\n", "first": "link"}  # fmt: skip


async def test_a_person_is_added_and_gets_a_link(site: SiteUnderTest, root: Account) -> None:
    """Everything typed arrives, the next page makes the link, and with it the person gets in."""
    answer = await send(site, f"{PEOPLE}/create", "/create", TYPED)
    text = await said(site, answer)
    bob = await named(site, "bob b.")
    assert (bob.display_name, bob.email, bob.permission) == ("Bob", "bob@site.example", Permission.ADMIN)
    assert bob.groups == ("developers", "staff", "testers")
    assert await site.store.password_set_at(bob.id) is None
    assert SENTENCES[Flash.ADDED] in text
    assert "within a week" in text
    made = await send(site, path_of(bob, "/recovery"), "/recovery")
    assert made.status_code == 200
    url = made.text.partition(f"{site.base}/recover/")[2].partition("<")[0]
    browser = site.browser()
    welcome = await browser.get(f"{site.base}/recover/{url}")
    action, fields = next(f for f in forms_of(welcome.text) if "/recover/" in f[0])
    done = await browser.post(site.absolute(action), data={**fields, "password": NEW, "password_again": NEW})
    assert done.status_code == 303
    added = [event for _, event in await site.store.events() if event.kind is EventKind.ACCOUNT_ADDED][-1]
    assert (added.actor, added.account_id) == (root.actor, bob.id)


async def test_a_person_is_added_with_a_first_password(site: SiteUnderTest, root: Account) -> None:
    """And signs in with it."""
    typed = {**TYPED, "first": "password", "password": NEW, "password_again": NEW}
    text = await said(site, await send(site, f"{PEOPLE}/create", "/create", typed))
    assert "<bdi>Bob</bdi>" in text
    assert (await site.sign_in("bob b.", NEW, site.browser())).status_code == 303


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": " ROOT "}, "User name: somebody has this one already."),
        ({"name": ""}, "Name: 1 to 100 visible characters."),
        ({"name": "a\u200bb"}, "Name: 1 to 100 visible characters."),
        ({"email": "nobody"}, "E-mail: it has no @ between a name and a host."),
        ({"display_name": "x" * 201}, "Display name: at most 200 printable characters."),
        ({"groups": "g" * 101}, "Group: at most 100, each printable and without a comma."),
        ({"permission": "ROOT"}, "This takes a permission that the caller does not have."),
        ({"first": "password", "password": NEW}, "The two passwords differ."),
        ({"first": "password", "password": "x", "password_again": "x"}, "Password: 10 to 1024 characters."),
    ],
)
async def test_who_cannot_be_added(site: SiteUnderTest, root: Account, typed: dict[str, str], words: str) -> None:
    """The sentence stands beside its field, what was typed is still there, passwords are not, and nobody was added."""
    answer = await send(site, f"{PEOPLE}/create", "/create", {**TYPED, **typed})
    text = unescape(answer.text)
    assert answer.status_code == 400
    assert f'-fault">{words}</p>' in text
    assert "bob@site.example" in text or "email" in typed
    assert NEW not in text
    assert await site.store.account_by_name("bob b.") is None


async def test_adding_twice_adds_once(site: SiteUnderTest, root: Account) -> None:
    """Double submit: the second is told that the name is taken."""
    action, fields = await form(site, f"{PEOPLE}/create", "/create")
    typed = {**fields, **TYPED}
    assert (await site.client.post(site.absolute(action), data=typed)).status_code == 303
    again = await site.client.post(site.absolute(action), data=typed)
    assert again.status_code == 400
    assert "somebody has this one already" in again.text


PAGES = ("", "/create", "/{id}", "/{id}/edit", "/{id}/permission", "/{id}/disable", "/{id}/delete", "/{id}/erase",
         "/{id}/sign-out", "/{id}/recovery", "/{id}/export")  # fmt: skip
FORMS = ("/create", "/{id}/edit", "/{id}/permission", "/{id}/enable", "/{id}/disable", "/{id}/delete", "/{id}/erase",
         "/{id}/sign-out", "/{id}/recovery", "/{id}/recovery/withdraw", "/{id}/guesses/lift",
         "/{id}/sessions/end-all", "/{id}/sessions/00/end")  # fmt: skip


async def test_nobody_else_sees_the_pages(site: SiteUnderTest) -> None:
    """Without a session the way leads to sign-in; without the right it ends at 403."""
    alice = await site.make_account()
    for rest in PAGES:
        path = f"{site.base}{PEOPLE}{rest.format(id=public_id(alice.id))}"
        answer = await site.client.get(path)
        assert (answer.status_code, urlsplit(answer.headers["location"]).path) == (302, "/login"), rest
    await site.sign_in()
    for rest in PAGES:
        path = f"{site.base}{PEOPLE}{rest.format(id=public_id(alice.id))}"
        assert (await site.client.get(path)).status_code == 403, rest


async def test_nobody_else_sends_the_forms(site: SiteUnderTest) -> None:
    """Whoever is not an administrator, whatever is sent: nothing changes."""
    alice = await site.make_account()
    await site.sign_in()
    fields = dict(forms_of((await site.client.get(f"{site.base}/account/apps")).text)[0][1])
    before = await site.store.last_event()
    for rest in FORMS:
        path = f"{site.base}{PEOPLE}{rest.format(id=public_id(alice.id))}"
        typed = {**fields, **TYPED, "permission": "SYSTEM_ADMIN"}
        assert (await site.client.post(path, data=typed)).status_code == 403, rest
        assert (await site.browser().post(path, data=typed)).status_code in (401, 403), rest
        foreign = {"origin": "https://evil.example"}
        assert (await site.client.post(path, data=typed, headers=foreign)).status_code == 403, rest
    assert await site.store.last_event() == before
    assert await site.store.account(alice.id) == alice


async def test_a_stale_form_changes_nothing(site: SiteUnderTest, root: Account) -> None:
    """Each form with a page token that is not this browser's."""
    alice = await site.make_account()
    before = await site.store.last_event()
    for rest in FORMS:
        path = f"{site.base}{PEOPLE}{rest.format(id=public_id(alice.id))}"
        answer = await site.client.post(path, data={**TYPED, "page_token": "gnk_pg_stale", "version": "1"})
        assert answer.status_code in (303, 400), rest
        text = await said(site, answer) if answer.status_code == 303 else unescape(answer.text)
        assert "open too long" in text, rest
    assert await site.store.last_event() == before
    assert await site.store.account(alice.id) == alice


async def test_who_is_not_there_is_not_found(site: SiteUnderTest, root: Account) -> None:
    """On every page and by every form; an id that is none as well."""
    fields = dict(forms_of((await site.client.get(f"{site.base}{PEOPLE}/create")).text)[-1][1])
    for nobody in ("4611686018427387903", "alice", "0"):
        for rest in PAGES[2:]:
            assert (await site.client.get(f"{site.base}{PEOPLE}{rest.format(id=nobody)}")).status_code == 404, rest
        for rest in FORMS[1:]:
            answer = await site.client.post(f"{site.base}{PEOPLE}{rest.format(id=nobody)}", data={**fields, **TYPED})
            assert answer.status_code == 404, rest


async def test_what_is_dangerous_needs_a_recent_sign_in(site: SiteUnderTest, root: Account) -> None:
    """After a while the pages ask for the password first, and lead on to where they were wanted."""
    alice = await site.make_account()
    site.env.advance(HOUR - MINUTE)
    asking = ("/create", "/{id}/edit", "/{id}/permission", "/{id}/delete", "/{id}/erase", "/{id}/recovery",
              "/{id}/export")  # fmt: skip
    for rest in asking:
        path = f"{PEOPLE}{rest.format(id=public_id(alice.id))}"
        answer = await site.client.get(site.base + path)
        assert urlsplit(answer.headers["location"]).path == "/confirm", rest
    for rest in ("", "/{id}", "/{id}/sign-out", "/{id}/disable"):
        path = f"{PEOPLE}{rest.format(id=public_id(alice.id))}"
        assert (await site.client.get(site.base + path)).status_code == 200, rest
    confirm = await site.client.get(f"{site.base}{path_of(alice, '/delete')}", follow_redirects=True)
    action, fields = next(f for f in forms_of(confirm.text) if f[0].endswith("/confirm"))
    led = await site.client.post(site.absolute(action), data={**fields, "password": PASSWORD})
    assert urlsplit(led.headers["location"]).path == path_of(alice, "/delete")
