"""The stop matrix over two nodes on PostgreSQL: what ends sign-ins at one is refused at the other on the next request,
also between issue and redemption of a code.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from genkan.protocol.records import LinkKind
from tests.postgres import Emptied, running_postgres
from tests.site.test_stop_events import AFTER_REDEMPTION, BEFORE_REDEMPTION, Stop, begin
from tests.site.world import VERIFIER, SiteUnderTest, TestClock, close_site, open_site

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture(scope="module")
def database() -> Iterator[Emptied]:
    """One that each test finds empty."""
    with running_postgres() as server:
        emptied = Emptied(server)
        yield emptied
        emptied.close()


@dataclass
class Both:
    """Two nodes with nothing shared but the database and the ring."""

    here: SiteUnderTest
    there: SiteUnderTest


@pytest.fixture
async def both(database: Emptied, tmp_path: Path) -> AsyncIterator[Both]:
    """A fresh site, served by both."""
    url, env = database.again(), TestClock()
    here = await open_site(tmp_path / "here", env, database_url=url)
    there = await open_site(tmp_path / "there", env, here.ring[-1], database_url=url)
    yield Both(here, there)
    await close_site(there)
    await close_site(here)


@pytest.mark.parametrize("stop", AFTER_REDEMPTION, ids=lambda stop: stop.__name__)
async def test_a_stop_here_ends_the_phone_there(both: Both, stop: Stop) -> None:
    """Refresh, introspection, forward authentication and the REST API of the node that has just served the phone, and
    keeps its facts, all refuse.
    """
    here, there = both.here, both.there
    account = await here.make_account()
    caller = await here.make_link("https://rs.example/cb", kind=LinkKind.CONFIDENTIAL, introspect=True)
    link = await here.turn_mobile_on()
    await begin(here, stop, account)
    tokens = await here.issue_tokens(link)
    access, refresh = str(tokens["access_token"]), str(tokens["refresh_token"])
    assert (await there.myself(access)).status_code == 200
    await stop(here, account, link)
    assert (await there.verify(access)).status_code == 401
    assert (await there.myself(access)).status_code == 401
    assert await there.introspect(access, caller.link, str(caller.secret)) == {"active": False}
    answer = await there.refresh(refresh, link)
    assert answer.json()["error"] in ("invalid_grant", "invalid_client"), answer.text


@pytest.mark.long
@pytest.mark.parametrize("stop", BEFORE_REDEMPTION, ids=lambda stop: stop.__name__)
async def test_a_stop_here_kills_the_code_there(both: Both, stop: Stop) -> None:
    """Issued here, stopped here, redeemed there: no grant."""
    here, there = both.here, both.there
    account = await here.make_account()
    link = await here.turn_mobile_on()
    await begin(here, stop, account)
    code = await here.get_code(link)
    await there.store.site()
    await stop(here, account, link)
    answer = await there.token(
        grant_type="authorization_code", code=code, client_id=link.client_id, redirect_uri=link.redirects[0],
        code_verifier=VERIFIER,
    )  # fmt: skip
    assert answer.json()["error"] in ("invalid_grant", "invalid_client"), answer.text
