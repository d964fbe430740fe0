"""A person's own pages: profile and language, phones and consents, browsers, the password, and all that is kept."""

import asyncio
from dataclasses import replace

import httpx2
import pytest

from genkan.protocol.env import HOUR, MINUTE
from genkan.protocol.outcomes import Change, EventKind, PutAccount
from genkan.protocol.records import Account
from genkan.protocol.signin import lockout
from genkan.site.api.documents import public_id
from genkan.site.flashes import SENTENCES, Flash
from genkan.store.api import PhoneQuery
from tests.site.api_world import consented
from tests.site.world import PASSWORD, SiteUnderTest, forms_of

PAGES = ("/account/profile", "/account/apps", "/account/sessions", "/account/sign-in")
NEW = "a quite new password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
async def alice(site: SiteUnderTest) -> Account:
    """Somebody who is signed in."""
    account = await site.make_account(groups=("developers",), email="alice@site.example")
    assert (await site.sign_in()).status_code == 303
    return account


async def current(site: SiteUnderTest, account: Account) -> Account:
    found = await site.store.account(account.id)
    assert found is not None
    return found


async def send(
    site: SiteUnderTest, path: str, ending: str, typed: dict[str, str] | None = None,
    browser: httpx2.AsyncClient | None = None,
) -> httpx2.Response:  # fmt: skip
    """Fill the form of a page in and send it."""
    client = browser or site.client
    page = await client.get(site.base + path)
    assert page.status_code == 200, page.text
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith(ending))
    fields.pop("sign_out", None)  # a box counts where it is ticked
    return await client.post(site.absolute(action), data={**fields, **(typed or {})})


async def said(site: SiteUnderTest, answer: httpx2.Response) -> str:
    """The page that a form led to."""
    assert answer.status_code == 303, answer.text
    page = await site.client.get(answer.headers["location"])
    assert page.status_code == 200
    return page.text


@pytest.mark.parametrize("path", PAGES)
async def test_nobody_sees_the_pages_without_signing_in(site: SiteUnderTest, path: str) -> None:
    """The way leads to sign-in and back."""
    answer = await site.client.get(site.base + path)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith(f"{site.base}/login?next=")


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/account", "/account/profile"),
        ("/secure/ViewProfile.jspa", "/account/profile"),
        ("/plugins/servlet/oauth/users/access-tokens", "/account/apps"),
    ],
)
async def test_familiar_paths_lead_there(site: SiteUnderTest, alice: Account, path: str, to: str) -> None:
    """As people know them from elsewhere."""
    answer = await site.client.get(site.base + path)
    assert (answer.status_code, answer.headers["location"]) == (302, site.base + to)
    assert (await site.client.get(site.base + to)).status_code == 200


async def test_the_start_page_leads_to_the_account(site: SiteUnderTest, alice: Account) -> None:
    """By a link that works."""
    page = await site.client.get(f"{site.base}/")
    assert 'href="/account"' in page.text


async def test_a_person_changes_their_profile(site: SiteUnderTest, alice: Account) -> None:
    """Name, language and zone are kept, the rest stays as it was, and the person is the actor."""
    typed = {"display_name": " Alice B. ", "locale": "ja", "time_zone": "Asia/Tokyo"}
    page = await said(site, await send(site, PAGES[0], "/account/profile", typed))
    changed = await current(site, alice)
    assert changed == replace(alice, display_name="Alice B.", locale="ja", time_zone="Asia/Tokyo", version=2)
    _, event = (await site.store.events())[-1]
    assert (event.kind, event.actor, event.account_id) == (EventKind.ACCOUNT_CHANGED, alice.actor, alice.id)
    assert 'lang="ja"' in page


async def test_the_language_takes_effect_at_once_and_everywhere(site: SiteUnderTest, alice: Account) -> None:
    """On the next page too, whatever the browser asks for; and back again."""
    await send(site, PAGES[0], "/account/profile", {"locale": "ja", "time_zone": "UTC"})
    for path in (*PAGES, "/"):
        assert '<html lang="ja"' in (await site.client.get(site.base + path)).text
    await send(site, PAGES[0], "/account/profile", {"locale": "", "time_zone": "UTC"})
    assert '<html lang="en">' in (await site.client.get(f"{site.base}/account/apps")).text


async def test_a_language_we_do_not_have_stays_unless_another_is_chosen(site: SiteUnderTest, alice: Account) -> None:
    """What an administrator has set for other programs is not lost by saving a name."""
    french = replace(alice, locale="fr", version=2)
    assert await site.store.apply(Change((PutAccount(french),)))
    await send(site, PAGES[0], "/account/profile", {"display_name": "A", "locale": "", "time_zone": "UTC"})
    assert (await current(site, alice)).locale == "fr"


async def test_nothing_else_can_be_changed_by_its_person(site: SiteUnderTest, alice: Account) -> None:
    """Fields that the form does not have change nothing."""
    more = {"name": "root", "email": "root@site.example", "permission": "SYSTEM_ADMIN", "groups": "admins"}
    await send(site, PAGES[0], "/account/profile", {"locale": "", "time_zone": "UTC", **more})
    kept = await current(site, alice)
    assert (kept.name, kept.email, kept.permission, kept.groups) == (
        "alice", "alice@site.example", alice.permission, ("developers",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"display_name": "x" * 201}, "Display name: at most 200 printable characters."),
        ({"display_name": "a\tb"}, "Display name: at most 200 printable characters."),
        ({"time_zone": "Middle/Earth"}, "Choose a time zone of the list."),
        ({"time_zone": "../../etc/passwd"}, "Choose a time zone of the list."),
        ({"locale": "d e"}, "Locale: at most 64 letters, digits and +-/_."),
    ],
)
async def test_a_fault_stands_beside_its_field(
    site: SiteUnderTest, alice: Account, typed: dict[str, str], words: str
) -> None:
    """Everything typed is still there, and nothing was changed."""
    answer = await send(site, PAGES[0], "/account/profile", {"display_name": "Kept", "time_zone": "UTC", **typed})
    assert answer.status_code == 400
    assert words in answer.text
    assert (typed.get("display_name") or "Kept")[:5] in answer.text
    assert await current(site, alice) == alice


async def test_a_stale_page_changes_nothing_and_keeps_what_was_typed(site: SiteUnderTest, alice: Account) -> None:
    """The form comes back filled in."""
    typed = {"display_name": "Typed", "page_token": "gnk_pg_old", "time_zone": "UTC"}
    answer = await send(site, PAGES[0], "/account/profile", typed)
    assert answer.status_code == 400
    assert 'value="Typed"' in answer.text
    assert await current(site, alice) == alice


@pytest.mark.parametrize(
    "path", ["/account/profile", "/account/sign-in", "/account/sessions/end-others", "/account/sessions/00/end",
             "/account/apps/00/sign-out", "/account/apps/consents/1/withdraw"],
)  # fmt: skip
async def test_a_form_of_another_site_is_refused(site: SiteUnderTest, alice: Account, path: str) -> None:
    """By its origin."""
    answer = await site.client.post(site.base + path, data={"x": "y"}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_a_person_takes_all_that_is_kept_along(site: SiteUnderTest, alice: Account) -> None:
    """The document of the API, as a file; and nobody else's."""
    answer = await site.client.get(f"{site.base}/account/export")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.json()["person"]["id"] == public_id(alice.id)
    assert {line["accountId"] for line in answer.json()["auditEvents"]} == {public_id(alice.id)}
    assert (await site.browser().get(f"{site.base}/account/export")).status_code == 302


async def test_browsers_are_listed_and_one_is_ended(site: SiteUnderTest, alice: Account) -> None:
    """This one first and without a button; the other one is out from its next request on."""
    other = site.browser(headers={"user-agent": FIREFOX})
    await site.sign_in(browser=other)
    page = (await site.client.get(f"{site.base}/account/sessions")).text
    assert "This browser" in page
    assert "<bdi>Firefox</bdi> on <bdi>Linux</bdi>" in page
    [(action, fields)] = [form for form in forms_of(page) if form[0].endswith("/end")]
    answer = await site.client.post(site.absolute(action), data=fields)
    assert SENTENCES[Flash.BROWSERS_ENDED] in await said(site, answer)
    assert (await other.get(f"{site.base}/account/sessions")).status_code == 302
    again = await site.client.post(site.absolute(action), data=fields)
    assert SENTENCES[Flash.GONE] in await said(site, again)
    closed = [event for _, event in await site.store.events() if event.kind is EventKind.SESSION_CLOSED]
    assert [event.actor for event in closed] == [alice.actor]


async def test_all_other_browsers_are_ended(site: SiteUnderTest, alice: Account) -> None:
    """This one stays, and so do the browsers of other people."""
    others = [site.browser(), site.browser()]
    for other in others:
        await site.sign_in(browser=other)
    await site.make_account("bob")
    bob = site.browser()
    await site.sign_in("bob", browser=bob)
    await said(site, await send(site, "/account/sessions", "/end-others"))
    assert [(await o.get(f"{site.base}/account/apps")).status_code for o in (*others, bob)] == [302, 302, 200]
    assert "You are signed in nowhere else." in (await site.client.get(f"{site.base}/account/sessions")).text


async def test_nobody_ends_the_browser_of_somebody_else(site: SiteUnderTest, alice: Account) -> None:
    """Its id in the address leads nowhere."""
    bob = await site.make_account("bob")
    browser = site.browser()
    await site.sign_in("bob", browser=browser)
    [session] = await site.store.sessions(bob.id)
    page = await site.client.get(f"{site.base}/account/sessions")
    fields = dict(forms_of(page.text)[0][1])
    address = f"{site.base}/account/sessions/{session.id[:16].hex()}/end"
    answer = await site.client.post(address, data=fields)
    assert SENTENCES[Flash.GONE] in await said(site, answer)
    assert (await browser.get(f"{site.base}/account/apps")).status_code == 200


def passwords(present: str = PASSWORD, new: str = NEW, again: str = "") -> dict[str, str]:
    return {"current_password": present, "password": new, "password_again": again or new}


async def test_a_password_is_changed(site: SiteUnderTest, alice: Account) -> None:
    """The browser goes on under another session, others stay, and the old password is good for nothing."""
    other = site.browser()
    await site.sign_in(browser=other)
    before = {session.id for session in await site.store.sessions(alice.id)}
    cookie = site.client.cookies.get("__Host-genkan-session")
    answer = await send(site, "/account/sign-in", "/account/sign-in", passwords())
    assert SENTENCES[Flash.PASSWORD_CHANGED] in await said(site, answer)
    assert site.client.cookies.get("__Host-genkan-session") != cookie
    assert len(before & {session.id for session in await site.store.sessions(alice.id)}) == 1
    assert (await other.get(f"{site.base}/account/apps")).status_code == 200
    thief = site.browser(cookies={"__Host-genkan-session": cookie or ""})
    assert (await thief.get(f"{site.base}/account/apps")).status_code == 302
    assert (await site.sign_in(password=PASSWORD, browser=site.browser())).status_code == 401
    assert (await site.sign_in(password=NEW, browser=site.browser())).status_code == 303


async def test_a_changed_password_can_sign_everything_else_out(site: SiteUnderTest, alice: Account) -> None:
    """Phones and other browsers at once; this browser stays."""
    tokens = await site.issue_tokens(await site.turn_mobile_on())
    other = site.browser()
    await site.sign_in(browser=other)
    typed = {**passwords(), "sign_out": "yes"}
    answer = await send(site, "/account/sign-in", "/account/sign-in", typed)
    assert SENTENCES[Flash.PASSWORD_CHANGED_EVERYWHERE] in await said(site, answer)
    assert (await other.get(f"{site.base}/account/apps")).status_code == 302
    assert (await site.myself(str(tokens["access_token"]))).status_code == 401
    assert (await current(site, alice)).stop == 1
    while await site.store.settle(100):
        continue
    assert (await site.client.get(f"{site.base}/account/apps")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (passwords(again="another one"), "The two passwords differ."),
        (passwords(new="short"), "Password: 10 to 1024 characters."),
        (passwords(present="wrong"), "The present password is not right"),
        (passwords(present=""), "The present password is not right"),
    ],
)
async def test_a_password_that_cannot_be_changed(
    site: SiteUnderTest, alice: Account, typed: dict[str, str], words: str
) -> None:
    """What is wrong stands on the page, no password is on it, and the old one works on."""
    answer = await send(site, "/account/sign-in", "/account/sign-in", typed)
    assert answer.status_code == 400
    assert words in answer.text
    assert NEW not in answer.text
    assert (await site.sign_in(browser=site.browser())).status_code == 303


async def test_guessing_at_an_open_browser_spends_the_budget_of_signing_in(site: SiteUnderTest, alice: Account) -> None:
    """After ten wrong tries the right password changes nothing either, until a minute has passed."""
    for _ in range(lockout.PER_DEVICE.burst):
        await send(site, "/account/sign-in", "/account/sign-in", passwords(present="wrong"))
    refused = await send(site, "/account/sign-in", "/account/sign-in", passwords())
    assert refused.status_code == 400
    assert (await site.sign_in(password=PASSWORD, browser=site.browser())).status_code == 303
    site.env.advance(MINUTE)
    assert (await send(site, "/account/sign-in", "/account/sign-in", passwords())).status_code == 303


async def test_of_two_password_changes_at_once_one_wins(site: SiteUnderTest, alice: Account) -> None:
    """The second one does not know the present password any more."""
    page = await site.client.get(f"{site.base}/account/sign-in")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/account/sign-in"))
    both = [passwords(new=f"{NEW} {number}") for number in range(2)]
    sent = [site.client.post(site.absolute(action), data={**fields, **typed}) for typed in both]
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) in ([303, 400], [303, 401])
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 303)
    assert (await site.sign_in(password=f"{NEW} {winner}", browser=site.browser())).status_code == 303


async def test_passwords_typed_into_a_session_that_is_over_are_not_kept(site: SiteUnderTest, alice: Account) -> None:
    """The sign-in page carries nothing of them."""
    page = await site.client.get(f"{site.base}/account/sign-in")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/account/sign-in"))
    site.env.advance(9 * HOUR)
    answer = await site.client.post(site.absolute(action), data={**fields, **passwords()})
    assert answer.status_code == 401
    assert NEW not in answer.text
    assert (await site.sign_in(password=PASSWORD, browser=site.browser())).status_code == 303


async def test_a_consent_is_withdrawn_without_a_phone(site: SiteUnderTest, alice: Account) -> None:
    """It is listed although nothing is signed in, goes with one press, and pressing twice harms nothing."""
    link = (await site.make_link("https://app.example/cb")).link
    await consented(site, alice, link)
    page = (await site.client.get(f"{site.base}/account/apps")).text
    [(action, fields)] = [form for form in forms_of(page) if form[0].endswith("/withdraw")]
    assert SENTENCES[Flash.WITHDRAWN] in await said(site, await site.client.post(site.absolute(action), data=fields))
    consent = await site.store.consent(alice.id, link.id)
    assert consent is not None
    assert consent.scope is None
    assert SENTENCES[Flash.GONE] in await said(site, await site.client.post(site.absolute(action), data=fields))


async def test_a_withdrawn_consent_ends_the_sign_ins(site: SiteUnderTest, alice: Account) -> None:
    """By its own entry too, in the same transaction."""
    link = await site.turn_mobile_on()
    tokens = await site.issue_tokens(link)
    await consented(site, alice, link)
    page = (await site.client.get(f"{site.base}/account/apps")).text
    action, fields = next(form for form in forms_of(page) if "/consents/" in form[0])
    await said(site, await site.client.post(site.absolute(action), data=fields))
    assert (await site.myself(str(tokens["access_token"]))).status_code == 401


async def test_a_phone_of_somebody_else_is_not_found(site: SiteUnderTest, alice: Account) -> None:
    """Nor signed out."""
    bob = await site.make_account("bob")
    link = await site.turn_mobile_on()
    await site.client.post(f"{site.base}/logout")
    other = site.browser()
    site.client, mine = other, site.client
    await site.issue_tokens(link, "bob")
    site.client = mine
    [row] = await site.store.phones(PhoneQuery(account_id=bob.id))
    fields = dict(forms_of((await mine.get(f"{site.base}/account/apps")).text)[0][1])
    answer = await mine.post(f"{site.base}/account/apps/{row.grant.id.hex()}/sign-out", data=fields)
    assert answer.status_code == 404
    assert len(await site.store.phones(PhoneQuery(account_id=bob.id, live_only=True))) == 1


async def test_what_was_typed_comes_back_after_signing_in_again(site: SiteUnderTest, alice: Account) -> None:
    """A session that is over in the middle of the form loses nothing and changes nothing by itself."""
    page = await site.client.get(f"{site.base}/account/profile")
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/account/profile"))
    site.env.advance(9 * HOUR)
    over = await site.client.post(site.absolute(action), data={**fields, "display_name": "Typed", "locale": "ja"})
    assert over.status_code == 401
    login, carried = next(form for form in forms_of(over.text) if form[0].endswith("/login"))
    kept = await site.client.post(site.absolute(login), data={**carried, "username": "alice", "password": PASSWORD})
    action, fields = next(form for form in forms_of(kept.text) if form[0].endswith("/account/profile"))
    shown = await site.client.post(site.absolute(action), data=fields)
    assert 'value="Typed"' in shown.text
    assert (await current(site, alice)).display_name == alice.display_name
