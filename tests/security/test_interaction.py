"""Row 24: what a sign-in is for is sealed. Whatever is changed on its way through the browser, it starts again."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from genkan.protocol.records import Link
from tests.site.world import PASSWORD, SiteUnderTest, forms_of

HUB = "/rest/oauth2/latest/authorize"
CONSENT = "/plugins/servlet/oauth2/consent"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


async def consent_of(site: SiteUnderTest) -> tuple[Link, dict[str, str]]:
    """A person at the consent page: the form's hidden fields."""
    await site.make_account()
    link = await site.turn_mobile_on()
    await site.sign_in()
    page = await site.authorize(link)
    return link, next(fields for action, fields in forms_of(page.text) if action.endswith(CONSENT))


def tampered(sealed: str) -> dict[str, str]:
    """The seal's parts (version, key, nonce, what is sealed, tag) are hit by a change every few characters."""
    changed = {
        f"character {place}": sealed[:place] + ALPHABET[ALPHABET.index(sealed[place]) ^ 32] + sealed[place + 1 :]
        for place in range(0, len(sealed) - 1, 5)
    }
    half = len(sealed) // 2
    return {
        **changed, "cut in front": sealed[1:], "cut behind": sealed[:-4], "cut in half": sealed[:half],
        "turned round": sealed[half:] + sealed[:half], "twice": sealed * 2, "longer": sealed + "AAAA",
        "padded": sealed + "=", "empty": "", "upper case": sealed.upper(), "spaced": f" {sealed}",
    }  # fmt: skip


async def test_a_changed_interaction_starts_again(site: SiteUnderTest) -> None:
    """At the hub, at the consent page and in its form: no redirect to an application, and no code."""
    _, fields = await consent_of(site)
    assert len(tampered(fields["interaction"])) > 30
    for name, changed in tampered(fields["interaction"]).items():
        for answer in (
            await site.client.get(f"{site.base}{HUB}/{quote(changed or ' ')}"),
            await site.client.get(f"{site.base}{CONSENT}", params={"interaction": changed}),
            await site.client.post(
                f"{site.base}{CONSENT}", data={**fields, "interaction": changed, "decision": "allow"}
            ),
        ):
            assert answer.status_code == 400, name
            assert "location" not in answer.headers, name
            assert "gnk_ac_" not in answer.text, name
    good = await site.client.post(f"{site.base}{CONSENT}", data={**fields, "decision": "allow"})
    assert "code=" in good.headers["location"]


async def test_a_changed_interaction_at_sign_in_leads_to_the_site_itself(site: SiteUnderTest) -> None:
    """The password opens a session and nothing more: the way back to the application is lost with its seal."""
    _, fields = await consent_of(site)
    for name, changed in list(tampered(fields["interaction"]).items())[::4]:
        browser = site.browser()
        page = await browser.get(f"{site.base}/login", params={"interaction": changed})
        action, form = next(found for found in forms_of(page.text) if found[0].endswith("/login"))
        filled = {**form, "interaction": changed, "username": "alice", "password": PASSWORD}
        answer = await browser.post(site.absolute(action), data=filled)
        end = await browser.get(answer.headers["location"], follow_redirects=True)
        await browser.aclose()
        assert (answer.status_code, end.url.host) == (303, "site.example"), name
        assert end.status_code == 400 or str(end.url) == f"{site.base}/", name
        assert 'name="decision"' not in end.text, name


BESIDE = {
    "redirect_uri": "https://evil.example/", "client_id": "0" * 32, "scope": "SYSTEM_ADMIN", "state": "other",
    "response_type": "token", "response_mode": "fragment", "code_challenge": "", "code_challenge_method": "plain",
    "prompt": "none", "ephemeral": "true",
}  # fmt: skip


@pytest.mark.parametrize("name", BESIDE)
async def test_nothing_beside_the_seal_counts(site: SiteUnderTest, name: str) -> None:
    """A parameter of the authorization request, put beside a sealed one at any later step, changes nothing."""
    link, fields = await consent_of(site)
    beside = {name: BESIDE[name]}
    sealed = fields["interaction"]
    for address in (f"{HUB}/{sealed}", f"{CONSENT}?interaction={sealed}"):
        page = await site.client.get(site.base + address, params=None, follow_redirects=True)
        joined = f"{site.base}{address}{'&' if '?' in address else '?'}{name}={quote(BESIDE[name])}"
        changed = await site.client.get(joined, follow_redirects=True)
        assert changed.status_code == page.status_code == 200
        assert "evil.example" not in changed.text
        assert 'value="WRITE"' in changed.text
    answer = await site.client.post(f"{site.base}{CONSENT}", data={**fields, **beside, "decision": "allow"})
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == link.redirects[0]
    assert back.fragment == ""
    assert parse_qs(back.query).keys() == {"code", "state", "iss"}
    assert parse_qs(back.query)["state"] == ["st"]


@pytest.mark.parametrize("asked", ["token", "id_token", "code token", "code id_token token", "none", "CODE", "code "])
async def test_no_entry_leads_to_another_response_type(site: SiteUnderTest, asked: str) -> None:
    """No implicit grant from anywhere: the request is refused, signed in or not (RFC 9700 2.1.2)."""
    await site.make_account()
    link = await site.turn_mobile_on()
    for _ in range(2):
        answer = await site.authorize(link, response_type=asked)
        back = urlsplit(answer.headers["location"])
        assert parse_qs(back.query)["error"] == ["unsupported_response_type"]
        assert back.fragment == ""
        await site.sign_in()
