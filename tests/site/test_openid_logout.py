"""A sign-out at the provider ends what it should end here, and only the provider's word does."""

from pathlib import Path

import httpx2

from genkan.protocol.outcomes import EventKind
from tests.openid_provider import STRANGER, signed
from tests.site.openid_world import MADE, Corporate, alice, corporate, kinds


async def logged_out(corp: Corporate, token: str) -> int:
    address = f"{corp.site.base}/login/openid/corp/backchannel-logout"
    answer = await corp.site.browser().post(address, data={"logout_token": token})
    assert "no-store" in answer.headers["cache-control"]
    return answer.status_code


async def is_signed_in(corp: Corporate, browser: httpx2.AsyncClient | None = None) -> bool:
    return (await (browser or corp.site.client).get("/account/profile")).status_code == 200


async def test_a_sign_out_there_ends_the_browsers_here(corp: Corporate) -> None:
    """Of that session, or of the person; phones go on; a token counts once."""
    second = corp.site.browser()
    assert corp.landed(await corp.sign_in()) == "/"
    corp.provider.person["sid"] = "sid-2"
    assert corp.landed(await corp.sign_in(second)) == "/"
    token = corp.provider.logout_token()
    assert await logged_out(corp, token) == 200
    assert (await is_signed_in(corp), await is_signed_in(corp, second)) == (False, True)
    assert await logged_out(corp, token) == 400
    assert await logged_out(corp, corp.provider.logout_token(sid=None)) == 200
    assert not await is_signed_in(corp, second)
    assert EventKind.SIGNED_OUT_UPSTREAM in await kinds(corp.site)
    assert (await alice(corp.site)).stop == 0


async def test_a_sign_out_there_of_somebody_else_ends_nothing(corp: Corporate) -> None:
    """Subject and session must both fit; a token for nobody is good and does nothing."""
    assert corp.landed(await corp.sign_in()) == "/"
    for token in (
        corp.provider.logout_token(sub="00u2"),
        corp.provider.logout_token(sub="00u2", sid=None),
        corp.provider.logout_token(sid="sid-9"),
    ):
        assert await logged_out(corp, token) == 200
        assert await is_signed_in(corp)


async def test_only_the_provider_signs_people_out(corp: Corporate) -> None:
    """Forged, empty and foreign tokens are refused and end nothing."""
    assert corp.landed(await corp.sign_in()) == "/"
    good = corp.provider.logout_token()
    forged = signed({"iss": corp.provider.issuer, "aud": "genkan"}, STRANGER)
    for token in (
        "",
        "a.b.c",
        good[:-3],
        forged,
        corp.provider.id_token("n", "a"),
        corp.provider.logout_token(nonce="n"),
    ):
        assert await logged_out(corp, token) == 400
    assert await is_signed_in(corp)


async def test_a_sign_out_there_ends_phones_where_the_operator_says_so(tmp_path: Path) -> None:
    """Everything of the person, with the stop event of its own."""
    async with corporate(tmp_path, MADE + '\nlogout = "everything"') as corp:
        assert corp.landed(await corp.sign_in()) == "/"
        link = await corp.site.turn_mobile_on()
        tokens = await corp.site.issue_tokens(link)
        assert await logged_out(corp, corp.provider.logout_token()) == 200
        assert (await corp.site.refresh(str(tokens["refresh_token"]), link)).status_code == 400
        assert not await is_signed_in(corp)
