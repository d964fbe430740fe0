"""The certificate in a check from a phone: asked for at its own origin, judged as for signing in, told to nobody."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from genkan.protocol.env import MINUTE
from genkan.wire.scopes import Permission
from tests.protocol.certificates.making import authority, cn, mail, person
from tests.site.api_world import a_key
from tests.site.certificate_world import ORIGIN, PROXY, TODAY, CertificateSite, certificate_site, header
from tests.site.checking_phone import API, PhoneUnderTest, made, verdicts, words


@pytest.fixture
async def certified(tmp_path: Path) -> AsyncIterator[CertificateSite]:
    """A site with a certificate origin; root is signed in."""
    async with certificate_site(tmp_path) as opened:
        await opened.site.make_account("root", Permission.ADMIN)
        await opened.site.sign_in("root")
        yield opened


async def asked(certified: CertificateSite, address: str) -> tuple[PhoneUnderTest, str]:
    """Press the button: the phone, and where it is sent."""
    phone = PhoneUnderTest(certified.site)
    said = await phone.walk(address)
    assert "certificate Unknown not tried yet" in said
    assert phone.page is not None
    assert f"form-action 'self' {ORIGIN};" in phone.page.headers["content-security-policy"]
    done = await phone.press("/certificate")
    assert done.headers["location"].startswith(f"{ORIGIN}/check/certificate?visit=")
    return phone, done.headers["location"]


@pytest.mark.parametrize(
    ("how", "verdict", "answered"),
    [
        ("good", "ok", "shown, and accepted"),
        ("none", "warning", "that address was reached, and no certificate was shown"),
        ("expired", "wrong", "refused: it has expired"),
        ("foreign", "wrong", "refused: it is not of an authority that this site accepts"),
        ("nobody", "wrong", "refused: it belongs to no account here"),
    ],
)
async def test_the_certificate_is_judged_at_its_origin(
    certified: CertificateSite, how: str, verdict: str, answered: str
) -> None:
    """As it would be for signing in; nobody is signed in, and whose it is is kept nowhere."""

    begins, ends = TODAY - timedelta(days=9), TODAY + timedelta(days=9)
    foreign = person(authority("Other"), mail("alice@site.example"), subject=cn("alice"), begins=begins, ends=ends)
    shown = {
        "good": certified.issue(),
        "none": None,
        "expired": certified.issue(ends=TODAY - timedelta(days=1), begins=begins),
        "foreign": foreign,
        "nobody": certified.issue("mallory"),
    }[how]
    _, address = await made(certified.site)
    phone, there = await asked(certified, address)
    back = await certified.present(there, shown)
    assert back.status_code == 302
    done = await phone.client.get(back.headers["location"])
    page = words(await phone.client.get(done.headers["location"]))
    found = await verdicts(certified.site, address)
    assert found["certificate"] == (verdict, answered)
    assert answered in page
    assert "alice" not in page
    assert await certified.myself_in(phone.client) == ""


async def test_a_browser_that_does_not_come_back_is_told(certified: CertificateSite) -> None:
    """A minute is patience; then the origin is what is wrong, with what to look at."""
    here, address = await made(certified.site)
    await asked(certified, address)
    assert (await verdicts(certified.site, address))["certificate"][0] == "unknown"
    certified.site.env.advance(MINUTE + 1)
    assert (await verdicts(certified.site, address))["certificate"][0] == "wrong"
    assert f"Open {ORIGIN} on the phone" in words(await certified.site.client.get(here))


async def test_only_the_certificate_origin_says_what_it_found(certified: CertificateSite) -> None:
    """Its word is sealed and of this very visit; without a visit it looks at nobody."""
    _, address = await made(certified.site)
    phone, there = await asked(certified, address)
    another, elsewhere = await asked(certified, address)
    good = (await certified.present(elsewhere, certified.issue())).headers["location"]
    mine = (await certified.present(there, None)).headers["location"]
    swapped = mine.partition("?")[0] + "?" + good.partition("?")[2]
    assert (await phone.client.get(swapped)).status_code == 404
    assert (await phone.client.get(mine.partition("?")[0])).status_code == 404
    nobody = await certified.present(f"{ORIGIN}/check/certificate?visit=AAAA", certified.issue())
    assert nobody.headers["location"] == f"{certified.site.base}/"
    assert (await another.client.get(f"{certified.site.base}/check/certificate")).status_code == 404


async def test_where_every_address_asks_the_request_is_the_answer(tmp_path: Path) -> None:
    """The Android profile: no other origin, the certificate of the form's own request."""
    async with certificate_site(tmp_path, certificate_url="", certificate_on_every_hop=True) as opened:
        await opened.site.make_account("root", Permission.ADMIN)
        caller = await a_key(opened.site, Permission.ADMIN)
        address = (await caller("POST", API)).json()["url"]
        phone = PhoneUnderTest(opened.site)
        await phone.walk(address)

        phone.client.headers.update({**PROXY, **header(opened.issue())})
        done = await phone.press("/certificate")
        assert done.headers["location"].startswith(opened.site.base)
        assert (await verdicts(opened.site, address))["certificate"] == ("ok", "shown, and accepted")
