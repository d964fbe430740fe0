"""The main job over HTTP: authorize, sign in, consent, code, tokens, API, refresh, sign-out."""

from urllib.parse import parse_qs, urlsplit

from tests.site.world import VERIFIER, SiteUnderTest


async def test_a_person_signs_a_phone_in_and_it_works(site: SiteUnderTest) -> None:
    """From the authorization request to the refreshed token, every step answers as the contract says."""
    await site.make_account()
    link = await site.turn_mobile_on()
    code = await site.get_code(link)
    exchange = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": link.client_id,
        "redirect_uri": link.redirects[0],
        "code_verifier": VERIFIER,
    }
    answer = await site.token(**exchange)
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "created_at", "scope"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("bearer", 3600, "WRITE")
    assert answer.headers["cache-control"] == "no-store"
    again = await site.refresh(tokens["refresh_token"], link)
    assert again.status_code == 200
    retried = await site.refresh(tokens["refresh_token"], link)
    assert retried.json()["refresh_token"] == again.json()["refresh_token"]


async def test_the_answer_carries_state_and_issuer(site: SiteUnderTest) -> None:
    """RFC 6749 4.1.2 and RFC 9207 2: state comes back byte for byte, and iss is the base URL."""
    await site.make_account()
    link = await site.turn_mobile_on()
    state = '{"quoted": "ä & = ?"}'
    await site.sign_in()
    page = await site.authorize(link, state=state)
    answer = await site.decide(page)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert (target.scheme, target.netloc) == ("jira-server", "oauth-callback")
    query = parse_qs(target.query)
    assert query["state"] == [state]
    assert query["iss"] == ["https://site.example"]
