"""The main job over HTTP: authorize, sign in, consent, code, tokens, API, refresh, sign-out."""

from urllib.parse import parse_qs, urlsplit

from tests.site.world import PASSWORD, VERIFIER, SiteUnderTest, forms_of


async def test_a_person_signs_a_phone_in_and_it_works(site: SiteUnderTest) -> None:
    """From the authorization request to the refreshed token, every step answers as the contract says (RFC 6749 4.1,
    in the frame of RFC 6749 and RFC 6750).
    """
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
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "created_at"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    again = await site.refresh(tokens["refresh_token"], link)
    assert again.status_code == 200
    retried = await site.refresh(tokens["refresh_token"], link)
    assert retried.json()["refresh_token"] == again.json()["refresh_token"]


async def test_the_answer_carries_state_and_issuer(site: SiteUnderTest) -> None:
    """RFC 6749 4.1.2 and RFC 9207 2: state comes back byte for byte, and iss is the base URL. RFC 9700 4.12: after a
    form the answer is 303, so that no browser sends the form on.
    """
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


async def test_the_base_url_is_the_start_page_with_or_without_its_slash(context_site: SiteUnderTest) -> None:
    """What `ready` prints and people type is found below a context path too."""
    for address in (context_site.base, context_site.base + "/"):
        answer = await context_site.client.get(address)
        assert answer.status_code == 200


async def test_a_sign_in_sent_twice_is_a_sign_in(site: SiteUnderTest) -> None:
    """The second of two equal posts finds the person signed in and goes on, instead of complaining of the page."""
    await site.make_account()
    page = await site.client.get(f"{site.base}/login")
    action, fields = forms_of(page.text)[0]
    filled = {**fields, "username": "alice", "password": PASSWORD}
    answers = [await site.client.post(site.absolute(action), data=filled) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
