"""Signing in by certificate at an origin of its own: the way there, the hand-over back, and everything that must not
work.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from genkan.protocol import accounts
from genkan.protocol.env import MINUTE, SECOND
from genkan.protocol.outcomes import Change
from genkan.protocol.records import Method, Standing
from genkan.store.api import PhoneQuery
from tests.protocol.certificates.making import SERVER, authority, cn, mail, person
from tests.site.certificate_world import ORIGIN, PROXY, TODAY, CertificateSite, certificate_site, header
from tests.site.world import PASSWORD, VERIFIER, close_site, forms_of, open_site

START = "https://site.example/login/certificate/start"


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[CertificateSite]:
    """A site with a certificate origin."""
    async with certificate_site(tmp_path) as opened:
        yield opened


async def test_a_certificate_signs_in_and_leads_on(ours: CertificateSite) -> None:
    """A session by proof of possession that names the certificate, whose row is kept; then the page asked for."""
    alice = ours.issue()
    done = await ours.sign_in(alice, next="https://site.example/account/apps?x=1")
    assert (done.status_code, done.headers["location"]) == (303, "https://site.example/account/apps?x=1")
    assert await ours.myself_in() == "alice"
    known = await ours.known(alice)
    account = await ours.site.store.account_by_name("alice")
    assert account is not None
    (session,) = await ours.site.store.sessions(account.id)
    assert (session.method, session.certificate) == (Method.POP, known.number)
    assert (known.account_id, known.leaf, known.issuer, known.subject) == (
        account.id,
        alice.der,
        ours.root.der,
        "CN=alice",
    )


async def test_the_app_is_signed_in_and_its_grant_remembers_the_certificate(ours: CertificateSite) -> None:
    """The authorization request goes all the way there and back; the app's own requests need no certificate."""
    site = ours.site
    link = await site.turn_mobile_on()
    page = await site.authorize(link)
    (address,) = [
        part.split('"')[0] for part in page.text.split('href="') if part.startswith("/login/certificate/start")
    ]
    there = await site.client.get(site.absolute(address.replace("&amp;", "&")))
    alice = ours.issue()
    back = await ours.present(there.headers["location"], alice)
    answer = await site.client.get(back.headers["location"])
    while answer.status_code in (302, 303) and answer.headers["location"].startswith(site.base):
        answer = await site.client.get(answer.headers["location"])
    answer = await site.decide(answer)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    tokens = await site.token(grant_type="authorization_code", code=code, client_id=link.client_id,
                              redirect_uri=link.redirects[0], code_verifier=VERIFIER)  # fmt: skip
    assert tokens.status_code == 200, tokens.text
    assert (await site.myself(tokens.json()["access_token"])).json()["name"] == "alice"
    (row,) = await site.store.phones(PhoneQuery())
    assert row.grant.certificate == (await ours.known(alice)).number


async def test_the_second_time_the_row_is_the_same(ours: CertificateSite) -> None:
    """Used again, it keeps its number and tells when."""
    alice = ours.issue()
    await ours.sign_in(alice)
    first = await ours.known(alice)
    ours.site.env.advance(MINUTE)
    other = ours.site.browser()
    await ours.sign_in(alice, other)
    again = await ours.known(alice)
    assert (again.number, again.first_at, again.last_at) == (first.number, first.first_at, first.last_at + MINUTE)
    assert await ours.myself_in(other) == "alice"


# Use twice, use late, use elsewhere (row 16)


async def test_a_hand_over_works_once(ours: CertificateSite) -> None:
    """The second use is refused in words, in the very browser that it was made for; the session of the first stands."""
    address = await ours.hand_over(ours.issue())
    nonce = dict(ours.site.client.cookies)
    assert (await ours.site.client.get(address)).status_code == 303
    other = ours.site.browser(cookies=nonce)
    again = await other.get(address)
    assert again.status_code == 403
    assert "took too long, or was done before" in again.text
    assert await ours.myself_in(other) == ""
    assert await ours.myself_in() == "alice"


async def test_two_uses_at_once_open_one_session(ours: CertificateSite) -> None:
    """Whichever is written first; the other is told so."""
    address = await ours.hand_over(ours.issue())
    answers = await asyncio.gather(*(ours.site.client.get(address) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403]


async def app_request(ours: CertificateSite) -> str:
    """The interaction of an app's sign-in that has come to the sign-in page."""
    page = await ours.site.authorize(await ours.site.turn_mobile_on())
    return forms_of(page.text)[0][1]["interaction"]


async def goes_on(ours: CertificateSite, page: httpx2.Response, interaction: str) -> bool:
    """Whether the page has the app's request still, for the certificate once more and for every other way: by its
    password form one comes to the app's question.
    """
    assert f"certificate/start?{urlencode({'interaction': interaction})}" in page.text
    action, fields = next(form for form in forms_of(page.text) if form[0].endswith("/login"))
    filled = {**fields, "username": "alice", "password": PASSWORD}
    assert fields["interaction"] == interaction
    asked = await ours.site.client.post(ours.site.absolute(action), data=filled, follow_redirects=True)
    return 'name="decision"' in asked.text


@pytest.mark.parametrize(("after", "status"), [(30 * SECOND, 303), (30 * SECOND + 1, 403), (-16 * SECOND, 403)])
async def test_a_hand_over_is_good_for_thirty_seconds(ours: CertificateSite, after: int, status: int) -> None:
    """And not before it was made, but for what clocks of two nodes may differ. Who comes too late has lost the time and
    not the app's request.
    """
    interaction = await app_request(ours)
    address = await ours.hand_over(ours.issue(), interaction=interaction)
    ours.site.env.advance(after)
    done = await ours.site.client.get(address)
    assert done.status_code == status
    assert status == 303 or after < 0 or await goes_on(ours, done, interaction)


@pytest.mark.parametrize("keeps_cookie", [True, False])
async def test_a_ticket_is_good_for_ten_minutes(ours: CertificateSite, keeps_cookie: bool) -> None:
    """Later the certificate is not even looked at: back to the sign-in page, which says so and has the app's request,
    whether the browser has dropped the nonce's cookie already or not.
    """
    interaction = await app_request(ours)
    there, shown = await ours.start(interaction=interaction), ours.issue()
    ours.site.env.advance(10 * MINUTE + 1)
    if not keeps_cookie:
        ours.site.client.cookies.delete("__Host-genkan-certificate")
    back = (await ours.present(there, shown)).headers["location"]
    page = await ours.site.client.get(back)
    assert page.status_code == 403
    assert "took too long" in page.text
    assert await ours.myself_in() == ""
    assert await ours.site.store.certificate(hashlib.sha256(shown.der).digest()) is None
    assert await goes_on(ours, page, interaction)


async def test_another_browser_gets_nothing_by_it(ours: CertificateSite) -> None:
    """Neither one without a nonce nor one with another; nor does the first browser, once it has begun anew."""
    interaction = await app_request(ours)
    address = await ours.hand_over(ours.issue(), interaction=interaction)
    bare, begun = ours.site.browser(), ours.site.browser()
    await ours.start(begun)
    for other in (bare, begun):
        assert (await other.get(address)).status_code == 403
        assert await ours.myself_in(other) == ""
    await ours.start()
    assert await goes_on(ours, await ours.site.client.get(address), interaction)


async def test_it_leads_to_the_interaction_that_it_was_made_for(ours: CertificateSite) -> None:
    """What an address adds to it, another interaction or page, is not looked at."""
    address = await ours.hand_over(ours.issue(), next="https://site.example/account")
    done = await ours.site.client.get(f"{address}&next=https%3A%2F%2Fsite.example%2Fadmin&interaction=x")
    assert done.headers["location"] == "https://site.example/account"


async def test_another_site_takes_neither(ours: CertificateSite, tmp_path: Path) -> None:
    """Sealed by the same ring for another site, it is nothing there: neither ticket nor hand-over."""
    other = await open_site(
        tmp_path / "other", ours.site.env, ring=ours.site.ring[0], certificate_url=ORIGIN,
        trusted_proxies=("127.0.0.1",), client_ca=ours.site.settings.client_ca,
    )  # fmt: skip
    try:
        address, there = await ours.hand_over(ours.issue()), await ours.start()
        browser = other.browser(cookies=dict(ours.site.client.cookies))
        assert (await browser.get(address)).status_code == 403
        answer = await other.browser().get(there, headers=PROXY)
        assert answer.headers["location"] == "https://site.example/login"
    finally:
        await close_site(other)


async def test_one_is_not_taken_for_the_other(ours: CertificateSite) -> None:
    """A ticket is no hand-over, a hand-over no ticket, and a page token neither."""
    there = await ours.start()
    ticket = parse_qs(urlsplit(there).query)["ticket"][0]
    outcome = parse_qs(urlsplit(await ours.hand_over(ours.issue())).query)["outcome"][0]
    page = await ours.site.client.get("https://site.example/login")
    token = forms_of(page.text)[0][1]["page_token"]
    for text in (ticket, token, "", "x", outcome[:-1], outcome + "A"):
        done = await ours.site.client.get("https://site.example/login/certificate/done", params={"outcome": text})
        assert done.status_code == 403
    for text in (outcome, token, "", ticket[:-1]):
        answer = await ours.present(f"{ORIGIN}/login/certificate?ticket={text}", ours.issue())
        assert answer.headers["location"] == "https://site.example/login"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "https://site.example@evil.example/", "https://site.example.evil.example/",
     "/\\evil.example", "javascript:alert(1)"],
)  # fmt: skip
async def test_nobody_is_led_elsewhere(ours: CertificateSite, elsewhere: str) -> None:
    """No open redirect: the start page where the address is none of the site's."""
    done = await ours.sign_in(ours.issue(), next=elsewhere)
    assert done.headers["location"] == "https://site.example/"


async def test_the_session_before_is_dead(ours: CertificateSite) -> None:
    """Row 15: whoever planted a session cookie has nothing of it."""
    await ours.site.sign_in()
    before = dict(ours.site.client.cookies)
    assert (await ours.sign_in(ours.issue())).status_code == 303
    assert await ours.myself_in() == "alice"
    assert await ours.myself_in(ours.site.browser(cookies=before)) == ""


# What was wrong is said, and the other ways are still there


async def test_every_fault_comes_back_as_its_sentence(ours: CertificateSite) -> None:
    """On the site's own sign-in page, with the password form and the way that it was on."""
    stranger = authority("Stranger")
    bob = ours.issue("bob")
    day = timedelta(days=1)
    over, soon = (TODAY - day).strftime("%Y-%m-%d"), (TODAY + 2 * day).strftime("%Y-%m-%d")
    cases = [
        (ours.issue(ends=TODAY - day, begins=TODAY - 9 * day), f"expired on {over}"),
        (ours.issue(begins=TODAY + 2 * day), f"is not valid before {soon}"),
        (person(stranger, mail("alice@site.example")), "was not issued by an authority that this site accepts"),
        (ours.issue(purposes=SERVER), "is not meant for signing in"),
        (bob, "No account on this site belongs to your certificate"),
        (person(ours.root, subject=cn("alice")), "No account on this site belongs to your certificate"),
        (ours.root, "certificate of an authority, not of a person"),
    ]
    for shown, words in cases:
        page = await ours.sign_in(shown, next="https://site.example/account")
        assert page.status_code == 403
        assert words in page.text, words
        _, fields = next(form for form in forms_of(page.text) if form[0].endswith("/login"))
        assert fields["next"] == "https://site.example/account"
        assert await ours.myself_in() == ""


async def test_a_header_that_is_no_certificate_is_said(ours: CertificateSite) -> None:
    """The proxy's fault is told as such."""
    answer = await ours.present(await ours.start(), None, **{"client-cert": ":broken:"})
    page = await ours.site.client.get(answer.headers["location"])
    assert "did not arrive whole" in page.text


async def test_without_a_certificate_a_page_says_how_to_get_one(ours: CertificateSite) -> None:
    """On each kind of device, with the ways on."""
    page = await ours.sign_in(None, next="https://site.example/account")
    assert page.status_code == 403
    for words in ("No certificate came", "iPhone", "Android", "Firefox", "Try again", "another way"):
        assert words in page.text
    assert "/login/certificate/start?next=https%3A%2F%2Fsite.example%2Faccount" in page.text


@pytest.mark.parametrize("standing", [Standing.DISABLED, Standing.DELETED])
async def test_a_stopped_person_is_not_told_from_nobody(ours: CertificateSite, standing: Standing) -> None:
    """The same words, whether the stop came before or between; no session."""
    account = await ours.site.store.account_by_name("alice")
    assert account is not None
    address = await ours.hand_over(ours.issue())
    change = accounts.set_standing(account, standing, "test", ours.site.env())
    assert isinstance(change, Change)
    assert await ours.site.store.apply(change)
    between = await ours.site.client.get(address)
    assert between.status_code == 403
    page = await ours.sign_in(ours.issue())
    assert page.status_code == 403
    assert "No account on this site belongs to your certificate" in page.text
    assert await ours.myself_in() == ""


async def test_a_refusal_is_in_the_audit_without_a_name(ours: CertificateSite) -> None:
    """Which certificate and why; whose it would be is not written, for it is nobody's."""
    await ours.sign_in(ours.issue("bob"))
    await ours.site.store.apply(Change(()))
    told = [event for _, event in await ours.site.store.events() if event.kind == "certificate.refused"]
    assert [(event.reason, event.account_id) for event in told] == [("no_account", None)]
    assert "bob" not in repr(told)


async def test_certificates_of_anybody_are_counted_and_not_written_down(ours: CertificateSite) -> None:
    """Whoever is out there can make as many as they like: the audit does not grow by them, the numbers do."""
    stranger = authority("Stranger")
    for shown in (person(stranger, mail("alice@site.example")), person(stranger), stranger):
        assert (await ours.sign_in(shown)).status_code == 403
    assert not [event for _, event in await ours.site.store.events() if event.kind == "certificate.refused"]
    assert ours.site.door.measures.refusals["certificate_refused"] == 3


# The origin serves nothing else, and the site serves nothing of it


@pytest.mark.parametrize(
    "path",
    ["/", "/login", "/login/certificate/", "/login/certificate/done", "/login/certificate/start", "/healthz",
     "/rest/oauth2/latest/token", "/rest/api/2/serverInfo", "/auth/verify", "/static/x", "/rest/openapi.json",
     "/.well-known/oauth-authorization-server", "/logout", "/setup/x"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_the_certificate_origin_serves_nothing_else(ours: CertificateSite, path: str, method: str) -> None:
    """404 to everybody, with a certificate and a session too."""
    await ours.sign_in(ours.issue())
    sent = {**PROXY, **header(ours.issue())}
    answer = await ours.site.client.request(method, ORIGIN + path, headers=sent)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


async def test_the_site_itself_judges_no_certificate(ours: CertificateSite) -> None:
    """The path of the other origin is nothing here; a certificate that a proxy passes along does not sign in."""
    sent = {**PROXY, **header(ours.issue())}
    there = await ours.start()
    here = there.replace(ORIGIN, "https://site.example")
    assert (await ours.site.client.get(here, headers=sent)).status_code == 404
    page = await ours.site.client.get("https://site.example/login", headers=sent)
    assert page.status_code == 200
    assert (await ours.site.client.get("https://site.example/auth/verify", headers=sent)).status_code == 401
    assert (await ours.site.client.get("https://site.example/rest/api/2/myself", headers=sent)).status_code == 401


async def test_who_is_no_proxy_brings_no_certificate(ours: CertificateSite) -> None:
    """400 for the header of a stranger, also at the certificate origin, and nothing is handed over."""
    answer = await ours.site.browser().get(await ours.start(), headers=header(ours.issue()))
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_only_get_is_answered_there(ours: CertificateSite) -> None:
    """RFC 9110 15.5.6."""
    answer = await ours.site.client.post(f"{ORIGIN}/login/certificate", headers=PROXY)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


# The button


async def test_the_button_is_there_where_certificates_are_asked_for(ours: CertificateSite, tmp_path: Path) -> None:
    """With what the page carries on; without an origin there is neither button nor way."""
    page = await ours.site.client.get("https://site.example/login", params={"next": "https://site.example/account"})
    assert 'href="/login/certificate/start?next=https%3A%2F%2Fsite.example%2Faccount"' in page.text
    plain_folder = tmp_path / "plain"
    plain_folder.mkdir()
    async with certificate_site(plain_folder, certificate_url="") as plain:
        assert "certificate" not in (await plain.site.client.get("https://site.example/login")).text
        assert (await plain.site.client.get(START)).status_code == 404
        assert (await plain.site.client.get(f"{ORIGIN}/login/certificate", headers=PROXY)).status_code == 404
