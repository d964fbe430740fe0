"""The Android profile: a certificate that comes with every request is the person with their own right."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from genkan.protocol import accounts
from genkan.protocol.certificates import revoking
from genkan.protocol.outcomes import Change, SetPassword
from genkan.protocol.records import Standing
from genkan.wire.scopes import Permission
from tests.protocol.certificates.making import Made
from tests.site.certificate_world import PROXY, CertificateSite, certificate_site, header
from tests.site.world import forms_of

EVERYWHERE = {"certificate_url": "", "certificate_on_every_hop": True}
MYSELF, VERIFY, PEOPLE = "/rest/api/2/myself", "/auth/verify", "/rest/genkan/1.0/people"
JSON = {"content-type": "application/json"}
ASKED = {"x-requested-with": "XMLHttpRequest"}


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[CertificateSite]:
    """Certificates are asked for on every hop."""
    async with certificate_site(tmp_path, None, **EVERYWHERE) as opened:
        yield opened


async def ask(
    ours: CertificateSite, path: str, shown: Made | None, method: str = "GET", **headers: str
) -> httpx2.Response:
    """A request by a proxy of ours, of a client without cookies that showed this certificate."""
    sent = {**PROXY, **(header(shown) if shown else {}), **headers}
    return await ours.site.browser().request(method, ours.site.base + path, headers=sent)


async def test_sign_in_needs_no_form(ours: CertificateSite) -> None:
    """The sign-in page leads on at once, with a session that names the certificate; a form is there when asked for."""
    alice = ours.issue()
    sent = {**PROXY, **header(alice)}
    page = "https://site.example/login?next=https%3A%2F%2Fsite.example%2Faccount"
    done = await ours.site.client.get(page, headers=sent)
    assert (done.status_code, done.headers["location"]) == (303, "https://site.example/account")
    assert await ours.myself_in() == "alice"
    assert (await ours.known(alice)).account_id > 0
    form = await ours.site.browser().get("https://site.example/login?form=1", headers=sent)
    assert (form.status_code, 'name="password"' in form.text) == (200, True)
    assert (await ours.site.browser().get(page, headers=PROXY)).status_code == 200


async def test_the_app_gets_its_code_without_a_form(ours: CertificateSite) -> None:
    """From the application's request straight to the question whether it may."""
    link = await ours.site.turn_mobile_on()
    browser = ours.site.browser(headers={**PROXY, **header(ours.issue())})
    page = await ours.site.authorize(link, browser)
    assert 'name="decision"' in page.text
    done = await ours.site.decide(page, browser=browser)
    assert done.headers["location"].startswith("jira-server://oauth-callback?code=")


async def test_what_is_wrong_is_said_beside_the_form(ours: CertificateSite) -> None:
    """Whose certificate means nobody still signs in by password."""
    page = await ask(ours, "/login", ours.issue("bob"))
    assert page.status_code == 403
    assert "No account on this site belongs to your certificate" in page.text
    assert any(action.endswith("/login") for action, _ in forms_of(page.text))


async def test_programs_are_their_person(ours: CertificateSite) -> None:
    """The REST API and forward authentication, cookie or not, with the person's own right."""
    alice = ours.issue()
    assert (await ask(ours, MYSELF, alice)).json()["name"] == "alice"
    passed = await ask(ours, VERIFY, alice, **{"x-forwarded-method": "GET"})
    assert (passed.status_code, passed.headers["remote-user"]) == (200, "alice")
    assert passed.headers["remote-scope"] == "WRITE"
    assert (await ask(ours, MYSELF, None)).status_code == 401
    assert (await ask(ours, VERIFY, None, **{"x-forwarded-method": "GET"})).status_code == 401
    with_cookie = await ask(ours, MYSELF, alice, cookie="__Host-genkan-session=" + "0" * 64)
    assert with_cookie.json()["name"] == "alice"


async def test_the_right_is_the_persons_own(ours: CertificateSite) -> None:
    """Who may read only writes nothing, who is no administrator administers nothing, and who is one does."""
    await ours.site.make_account("reader", Permission.READ)
    await ours.site.make_account("root", Permission.SYSTEM_ADMIN)
    reader, root = ours.issue("reader"), ours.issue("root")
    written = await ask(ours, VERIFY, reader, **{"x-forwarded-method": "POST", **JSON})
    assert written.status_code == 403
    assert (await ask(ours, PEOPLE, reader)).status_code == 403
    assert (await ask(ours, PEOPLE, root)).status_code == 200


@pytest.mark.parametrize("path", [MYSELF, VERIFY, PEOPLE])
async def test_a_token_that_is_shown_decides(ours: CertificateSite, path: str) -> None:
    """A bad one is not made up for by a good certificate, and a good one is not lost by a bad certificate."""
    await ours.site.make_account("root", Permission.SYSTEM_ADMIN)
    answer = await ask(ours, path, ours.issue("root"), authorization="Bearer gka_1_nonsense")
    assert answer.status_code == 401
    link = await ours.site.turn_mobile_on()
    token = str((await ours.site.issue_tokens(link))["access_token"])
    mine = await ask(ours, MYSELF, ours.issue("root"), authorization=f"Bearer {token}")
    assert mine.json()["name"] == "alice"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"content-type": "application/x-www-form-urlencoded"}, 403),
        ({"content-type": "text/plain"}, 403),
        ({"content-type": "multipart/form-data; boundary=x"}, 403),
        (JSON, 200),
        ({"content-type": "application/json; charset=utf-8"}, 200),
        (ASKED, 200),
        ({"x-atlassian-token": "no-check"}, 200),
        ({**JSON, "origin": "https://evil.example"}, 403),
        ({**ASKED, "sec-fetch-site": "cross-site"}, 403),
        ({**JSON, "origin": "https://site.example", "sec-fetch-site": "same-origin"}, 200),
    ],
)
async def test_a_certificate_alone_changes_nothing(ours: CertificateSite, headers: dict[str, str], status: int) -> None:
    """A form of another page cannot send JSON or a header of its own, and its origin is told."""
    alice = ours.issue()
    for method in ("POST", "DELETE", "PUT", "PATCH"):
        answer = await ask(ours, VERIFY, alice, **{"x-forwarded-method": method, **headers})
        assert answer.status_code == status, method
    assert (await ask(ours, VERIFY, alice, **{"x-forwarded-method": "GET"})).status_code == 200
    websocket = {"x-forwarded-method": "GET", "sec-fetch-mode": "websocket"}
    assert (await ask(ours, VERIFY, alice, **websocket)).status_code == 403


async def test_the_administration_api_changes_nothing_by_a_form(ours: CertificateSite) -> None:
    """What it would do is not done."""
    await ours.site.make_account("root", Permission.SYSTEM_ADMIN)
    root, alice = ours.issue("root"), await ours.site.store.account_by_name("alice")
    assert alice is not None
    listed = (await ask(ours, PEOPLE, root)).json()
    address = f"{PEOPLE}/{next(one['id'] for one in listed['people'] if one['name'] == 'alice')}"
    assert (await ask(ours, address, root, "DELETE")).status_code == 403
    assert (await ask(ours, address, root, "DELETE", **{**ASKED, "sec-fetch-site": "cross-site"})).status_code == 403
    found = await ours.site.store.account(alice.id)
    assert found is not None
    assert found.standing is Standing.ACTIVE
    assert (await ask(ours, address, root, "DELETE", **ASKED)).status_code == 200


async def test_the_api_asks_a_browser_for_as_much_as_pages_do(ours: CertificateSite) -> None:
    """Whoever sits down at a browser that was left open finds no way around the question; programs are not asked, nor
    is whoever has nothing more to show.
    """
    await ours.site.make_account("root", Permission.SYSTEM_ADMIN)
    await ours.site.make_account("other", Permission.SYSTEM_ADMIN)
    shown, people = {**PROXY, **header(ours.issue("root"))}, ours.site.base + PEOPLE
    browser = ours.site.client
    await browser.get(f"{ours.site.base}/login", headers=shown)
    own = {"origin": "https://site.example", "sec-fetch-site": "same-origin"}
    for fetched, client in (({}, browser), (own, browser), (own, ours.site.browser()), (ASKED | own, browser)):
        refused = await client.post(people, json={"name": "eve"}, headers={**shown, **fetched})
        assert (refused.status_code, "Sign in again" in refused.text) == (403, True)
    for mode in ("sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user"):
        refused = await ask(ours, PEOPLE, ours.issue("root"), "POST", **ASKED, **{mode: "cors"})
        assert refused.status_code == 403
    assert (await browser.get(people, headers={**shown, **own})).status_code == 200
    assert await ours.site.store.account_by_name("eve") is None
    program = await ours.site.browser().post(people, json={"name": "bob"}, headers=shown)
    assert program.status_code == 201
    await ours.site.sign_in("root")
    assert (await browser.post(people, json={"name": "eve"}, headers={**shown, **own})).status_code == 201
    root = await ours.site.store.account_by_name("root")
    assert root is not None
    assert await ours.site.store.apply(Change((SetPassword(root.id, None),)))
    alone = await ours.site.browser().post(people, json={"name": "carol"}, headers={**shown, **own})
    assert alone.status_code == 201


async def test_a_form_of_the_sites_own_page_goes_by_its_session(ours: CertificateSite) -> None:
    """Where sessions count, a person's form passes though it has no header of its own, and another page's does not."""
    alice = ours.issue()
    sent = {**PROXY, **header(alice), "x-forwarded-method": "POST"}
    verify = f"{ours.site.base}{VERIFY}?session=1"
    assert (await ours.site.client.get(verify, headers=sent)).status_code == 401
    await ours.site.client.get(f"{ours.site.base}/login", headers={**PROXY, **header(alice)})
    own = {**sent, "origin": "https://site.example", "sec-fetch-site": "same-origin"}
    assert (await ours.site.client.get(verify, headers=own)).status_code == 200
    other = {**sent, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    assert (await ours.site.client.get(verify, headers=other)).status_code == 403


async def test_revoked_and_unknown_are_refused_with_the_sentence(ours: CertificateSite) -> None:
    """On the very next request, wherever it is asked; a person who is waiting for a page is led to the sign-in page."""
    alice, bob = ours.issue(), ours.issue("bob")
    refused = await ask(ours, MYSELF, bob)
    assert refused.status_code == 401
    assert refused.json()["error_description"].startswith("No account on this site belongs to your certificate")
    await ask(ours, "/login", alice)
    known = await ours.known(alice)
    assert (await ask(ours, MYSELF, alice)).status_code == 200
    assert await ours.site.store.apply(revoking.revoke(known, "key_compromise", revoking.ACTOR, ours.site.env()))
    for path in (MYSELF, VERIFY, PEOPLE):
        answer = await ask(ours, path, alice)
        assert answer.status_code == 401
        assert "Your certificate was revoked on" in answer.text
        assert "Your certificate was revoked on" in answer.headers["www-authenticate"]
    waiting = {"x-forwarded-method": "GET", "accept": "text/html", "x-forwarded-uri": "/app/"}
    led = await ask(ours, f"{VERIFY}?session=1", alice, **waiting)
    assert (led.status_code, led.headers["location"][:26]) == (302, "https://site.example/login")


async def test_a_disabled_person_is_out_on_the_next_request(ours: CertificateSite) -> None:
    """Whatever was judged a moment ago is about the certificate alone."""
    alice = ours.issue()
    assert (await ask(ours, MYSELF, alice)).status_code == 200
    account = await ours.site.store.account_by_name("alice")
    assert account is not None
    change = accounts.set_standing(account, Standing.DISABLED, "test", ours.site.env())
    assert isinstance(change, Change)
    assert await ours.site.store.apply(change)
    assert (await ask(ours, MYSELF, alice)).status_code == 401


async def test_a_stranger_has_no_certificate(ours: CertificateSite) -> None:
    """Who is no proxy of ours is refused, whatever the certificate."""
    answer = await ours.site.browser().get(f"{ours.site.base}{MYSELF}", headers=header(ours.issue()))
    assert answer.status_code == 400


async def test_nothing_of_it_counts_without_the_profile(tmp_path: Path) -> None:
    """A proxy that passes certificates on to a site that asks for them elsewhere signs nobody in by them."""
    async with certificate_site(tmp_path) as plain:
        alice = plain.issue()
        assert (await ask(plain, MYSELF, alice)).status_code == 401
        assert (await ask(plain, VERIFY, alice, **{"x-forwarded-method": "GET"})).status_code == 401
        assert (await ask(plain, "/login", alice)).status_code == 200
