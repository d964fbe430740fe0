"""Faults on order: each happens as often as it was ordered, and the site did or did not act as it says."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from genkan.app.agent import HandedAgent, NoDoor
from genkan.app.flows import Wanted
from genkan.app.outcomes import Access, GatewayInTheWay, Kept, Ready, Retry, SignInAgain
from genkan.app.session import Session, Sessions
from genkan.app.vault import MemoryVault
from genkan.clock import draw
from genkan.testing import Person, SiteDouble
from genkan.testing.faults import INFO, MYSELF, TOKEN


class Phone:
    """An app on a phone whose clock the test moves, signed in at the site."""

    def __init__(self, site: SiteDouble, now: Callable[[], int]) -> None:
        self.site = site
        self.sessions = Sessions(MemoryVault(), now, draw)

    def discover(self) -> object:
        return self.sessions.discover(Wanted(self.site.base_url))

    def sign_in(self, person: Person) -> object:
        found = self.discover()
        assert isinstance(found, Ready), found
        door = HandedAgent(person).open_door(found.site.redirect_uris)
        assert not isinstance(door, NoDoor)
        return self.sessions.sign_in(found.site, door)

    def session(self) -> Session:
        kept = self.sign_in(self.site.person("alice"))
        assert isinstance(kept, Kept), kept
        return self.sessions.open(kept.state.id)


@pytest.fixture
def clock() -> list[int]:
    return [1_800_000_000_000]


@pytest.fixture
def phone(genkan_site: SiteDouble, clock: list[int]) -> Iterator[Phone]:
    made = Phone(genkan_site, lambda: clock[0])
    yield made
    made.sessions.close()


def test_a_lost_answer_costs_nobody_the_session(phone: Phone, clock: list[int]) -> None:
    """The site acts on the refresh, its answer is lost, and the retry gets the very successor: one generation."""
    session = phone.session()
    clock[0] += 7200_000
    phone.site.faults.lose_answer(TOKEN)
    assert isinstance(session.access(), Access)
    assert phone.site.faults.pending == 0
    assert [asked.status for asked in phone.site.faults.requests("token")] == [200, 0, 200]
    assert [seen.generation for seen in phone.site.phones()] == [1]


def test_a_lost_request_reaches_nothing(phone: Phone, clock: list[int]) -> None:
    """The connection breaks before the site sees the refresh: the generation stays where it was."""
    session = phone.session()
    clock[0] += 7200_000
    phone.site.faults.lose_request(TOKEN, times=3)
    assert isinstance(session.access(), Retry)
    assert [seen.generation for seen in phone.site.phones()] == [0]
    assert isinstance(session.access(), Access)


def test_a_server_error_happens_as_often_as_ordered(phone: Phone, clock: list[int]) -> None:
    """500 once is repeated by the app; 503 with a time is told with that time."""
    session = phone.session()
    clock[0] += 7200_000
    phone.site.faults.fail(TOKEN, 500)
    assert isinstance(session.access(), Access)
    clock[0] += 7200_000
    phone.site.faults.fail(TOKEN, 503, retry_after=17)
    told = session.access()
    assert isinstance(told, Retry)
    assert told.after == 17


def test_a_slow_answer_comes_late_and_whole(genkan_site: SiteDouble) -> None:
    """A client that waits less than the answer takes gives up; one that waits gets it."""
    genkan_site.faults.slow(INFO, seconds=0.4)
    with httpx2.Client(trust_env=False, timeout=0.1) as hasty, pytest.raises(httpx2.ReadTimeout):
        hasty.get(genkan_site.base_url + INFO)
    genkan_site.faults.slow(INFO, seconds=0.05)
    assert httpx2.get(genkan_site.base_url + INFO, trust_env=False, timeout=20).status_code == 200


def test_a_revoked_phone_is_told_to_sign_in_again(phone: Phone) -> None:
    """Signed out by an administrator, the phone learns it at its next call, and not before it asks."""
    session = phone.session()
    (seen,) = phone.site.phones()
    phone.site.sign_out(phone=seen.id)
    assert isinstance(session.whoami(), SignInAgain)
    assert phone.site.faults.requests(MYSELF)[-1].status == 401


def test_any_answer_can_be_put_in_the_sites_place(phone: Phone) -> None:
    """What another product would answer there is met by the app as the test wrote it."""
    phone.site.faults.answer(INFO, 200, b"<h1>Welcome to the hotel</h1>", "text/html", times=2)
    assert not isinstance(phone.discover(), Ready)
    phone.site.faults.clear()
    assert isinstance(phone.discover(), Ready)


def test_a_redirecting_gateway_stands_before_the_site(phone: Phone) -> None:
    """Anonymous callers are sent away; with the exceptions set, a person passes it in the browser and signs in."""
    phone.site.faults.gateway()
    told = phone.discover()
    assert isinstance(told, GatewayInTheWay)
    assert told.exempt_path.endswith(INFO.rpartition("/")[2])
    phone.site.faults.gateway(exempt=("/rest/", "/.well-known/"))
    person = phone.site.person("alice")
    assert isinstance(phone.sign_in(person), Kept)
    phone.site.faults.gateway(exempt=("/rest/nativemobile/", "/.well-known/", TOKEN, MYSELF))
    stranger = phone.site.person("alice")
    assert isinstance(phone.sign_in(stranger), Kept)
    assert "Corporate sign-in" in stranger.pages


def test_orders_that_mean_nothing_are_refused(genkan_site: SiteDouble) -> None:
    """A fault that would never happen would make a test pass for nothing."""
    with pytest.raises(ValueError, match="no time"):
        genkan_site.faults.lose_answer(times=0)


def test_secrets_are_in_no_repr(genkan_site: SiteDouble) -> None:
    """What was asked is kept for assertions and prints no code, no token and no password."""
    tokens = genkan_site.tokens()
    (asked,) = genkan_site.faults.requests("token")
    assert asked.form["code"]
    told = repr(genkan_site.faults.asked) + repr(genkan_site.setup) + repr(genkan_site.links)
    for secret in (asked.form["code"], asked.form["code_verifier"], tokens["refresh_token"], "correct horse"):
        assert secret not in told
