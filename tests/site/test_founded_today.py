"""What an operator is told when phones of another site come to one that was founded in its place."""

from dataclasses import replace

import httpx2
import pytest

from genkan.protocol.env import DAY, MINUTE
from genkan.site.app import build
from genkan.site.peer import Peers
from tests.site.world import START, SiteUnderTest


@pytest.mark.parametrize(
    "form",
    [
        {"grant_type": "refresh_token", "refresh_token": "gnk_rt_" + "A" * 52},
        {"grant_type": "authorization_code", "code": "gnk_ac_" + "A" * 200, "redirect_uri": "x:/y"},
        {"grant_type": "refresh_token", "refresh_token": "gnk_rt_" + "A" * 52, "client_id": "of-another-site"},
    ],
    ids=["token", "code", "client id"],
)
async def test_an_old_client_or_code_on_a_fresh_site_is_told_to_the_operator(
    site: SiteUnderTest, form: dict[str, str]
) -> None:
    """Once a minute, for a day after it was founded, and never to who asks."""
    link, told = await site.turn_mobile_on(), list[str]()
    site.door.health.founded_at = START
    door = replace(site.door, log=lambda level, event, **_: told.append(event))
    app = build(door, Peers((), ""), lambda: 0.0)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=site.base) as http:

        async def ask() -> int:
            answer = await http.post("/rest/oauth2/latest/token", data={"client_id": link.client_id, **form})
            assert answer.status_code in (400, 401)
            assert "today" not in answer.text
            return len([event for event in told if "founded today" in event])

        assert [await ask(), await ask()] == [1, 1]
        site.env.advance(MINUTE)
        assert await ask() == 2
        site.env.advance(DAY)
        assert await ask() == 2
