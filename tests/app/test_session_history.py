"""Any history of a phone (tunnels, nights, crashes, two programs) leaves it signed in, by one rule of rotation."""

from collections.abc import Iterator

import httpx2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from genkan.app import keeping
from genkan.app.keeping import Keeper
from genkan.app.outcomes import Access, Retry
from genkan.app.state import SessionState, Tokens, encode
from genkan.app.steps import Answer, Ask, Flow, Loss, Lost, Pause, Step, Work
from genkan.app.vault import MemoryVault
from genkan.testing import SiteDouble
from tests.app.by_hand import APP, BASE, a_site
from tests.app.conftest import Chance, Clock


class Killed(Exception):
    """The program ends here, by SIGKILL as it were."""


class Phone(RuleBasedStateMachine):
    """Programs over one vault, and the real site, which ends a sign-in at the first replay."""

    site: SiteDouble
    network: httpx2.Client

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.vault = Clock(), MemoryVault()
        self.keeper = Keeper(self.vault, self.clock, Chance())

    @initialize()
    def sign_in(self) -> None:
        given = self.site.tokens()
        until = self.clock() + given["expires_in"] * 1000
        tokens = Tokens(given["access_token"], given["refresh_token"], self.clock(), until, given.get("scope"))
        site = a_site(client_id=self.site.switch_on().client_id)
        self.vault.write("s1", encode(SessionState("s1", site, APP, self.clock(), None, tokens)))

    @rule(seconds=st.sampled_from([1, 60, 3500, 3700, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.forward(seconds)
        self.site.clock.advance(seconds)

    @rule(answers_lost=st.integers(0, 4))
    def use_the_api(self, answers_lost: int) -> None:
        outcome = self.run(keeping.call(self.keeper, "s1", keeping.WHO_AM_I), answers_lost)
        assert isinstance(outcome, Answer | Retry), outcome
        if isinstance(outcome, Answer):
            assert outcome.status == 200

    @rule(answers_lost=st.integers(0, 4))
    def renew(self, answers_lost: int) -> None:
        outcome = self.run(keeping.access(self.keeper, "s1"), answers_lost)
        assert isinstance(outcome, Access | Retry), outcome

    @rule(step=st.integers(1, 8), use=st.booleans())
    def killed_at_a_step(self, step: int, use: bool) -> None:
        """The program dies just before one of its steps; a new one starts on what was kept."""
        flow: Flow[object] = (
            keeping.call(self.keeper, "s1", keeping.WHO_AM_I) if use else keeping.access(self.keeper, "s1")
        )
        try:
            self.run(flow, 0, killed_at=step)
        except Killed:
            flow.close()

    @rule()
    def the_clock_is_set_back(self) -> None:
        self.clock.at -= 600_000

    @invariant()
    def still_signed_in(self) -> None:
        assert self.site.phones()[0].state == "signed_in"

    def run(self, flow: Flow[object], answers_lost: int, killed_at: int = 0) -> object:
        taken = 0
        try:
            step: Step = next(flow)
            while True:
                taken += 1
                if taken == killed_at:
                    raise Killed
                came = self.answer(step, answers_lost > 0)
                answers_lost -= isinstance(step, Ask)
                step = flow.send(came)
        except StopIteration as end:
            return end.value

    def answer(self, step: Step, lost: bool) -> object:
        match step:
            case Work():
                return step.call()
            case Pause():
                return None
            case Ask():
                assert isinstance(step.body, bytes | None)
                url = step.url.replace(BASE, self.site.base_url)
                reply = self.network.request(step.method, url, headers=list(step.headers), content=step.body)
                if lost:
                    return Lost(Loss.INTERRUPTED, "Broke.")
                return Answer(reply.status_code, dict(reply.headers), reply.content)
            case _:
                raise AssertionError(step)


@pytest.fixture(scope="module", autouse=True)
def one_site() -> Iterator[None]:
    """Each phone signs in anew; the site goes on, and its clock with it."""
    with SiteDouble() as Phone.site, httpx2.Client(trust_env=False, timeout=30) as Phone.network:
        yield


TestPhone = Phone.TestCase
TestPhone.settings = settings(max_examples=100, stateful_step_count=30)
