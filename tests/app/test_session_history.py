"""Any history of a phone (tunnels, nights, crashes, two programs) leaves it signed in, by one rule of rotation."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from genkan.app import keeping
from genkan.app.keeping import Keeper
from genkan.app.outcomes import Access, Retry
from genkan.app.state import SessionState, Tokens, encode
from genkan.app.steps import Answer, Ask, Call, Flow, Loss, Lost, Pause, Step, Work
from genkan.app.vault import MemoryVault
from tests.app.by_hand import APP, BASE, a_site, form_of
from tests.app.conftest import Chance, Clock
from tests.app.double import CLIENT_ID, Asked, Double


class Killed(Exception):
    """The program ends here, by SIGKILL as it were."""


class Phone(RuleBasedStateMachine):
    """Programs over one vault, and a site that ends a sign-in at the first replay."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.vault, self.double = Clock(), MemoryVault(), Double()
        self.double.base_url = BASE
        self.double.generation = 100
        self.keeper = Keeper(self.vault, self.clock, Chance())

    @initialize()
    def sign_in(self) -> None:
        tokens = Tokens("at-100", "rt-100", self.clock(), self.clock() + 3_600_000, "WRITE")
        state = SessionState("s1", a_site(client_id=CLIENT_ID), APP, self.clock(), None, tokens)
        self.vault.write("s1", encode(state))

    @rule(seconds=st.sampled_from([1, 60, 3500, 3700, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.forward(seconds)

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
        path = "/rest/api/2/myself"
        flow: Flow[object] = (
            keeping.call(self.keeper, "s1", Call("GET", path)) if use else keeping.access(self.keeper, "s1")
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
        assert self.double.ended is None
        assert all(count == 1 for count in self.double.rotations.values())

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
                headers = {name.lower(): value for name, value in step.headers}
                form = form_of(step) if step.body else {}
                reply = self.double.handle(Asked(step.method, step.url.removeprefix(BASE), headers, form))
                if lost:
                    return Lost(Loss.INTERRUPTED, "Broke.")
                return Answer(reply.status, {"content-type": "application/json"}, reply.body)
            case _:
                raise AssertionError(step)


TestPhone = Phone.TestCase
TestPhone.settings = settings(max_examples=100, stateful_step_count=30)
