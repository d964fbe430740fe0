"""What stops an app, as exceptions for programs that use the library; the flows themselves return values.

Owns the three kinds that a program has to tell apart: try later, sign in again, have the site set up differently.
"""

from typing import assert_never

from genkan.app.outcomes import (
    ClientIdUnknown,
    GatewayInTheWay,
    NotReady,
    Problem,
    Retry,
    SignInAgain,
    SiteSetUpWrong,
    SwitchedOff,
    TooOld,
    WrongAddress,
)


class AppTrouble(Exception):
    """Whatever stops an app; ``str()`` is for the person who uses it, and holds no secret."""


class TryLater(AppTrouble):
    """Nothing is wrong with the sign-in; ``after`` is how many seconds the site asks for, where it does.

    ``may_have_acted`` says that a request which changes something was sent and its answer lost: look before sending it
    again.
    """

    def __init__(self, sentence: str, after: int | None = None, *, may_have_acted: bool = False) -> None:
        super().__init__(sentence)
        self.after = after
        self.may_have_acted = may_have_acted


class SignInNeeded(AppTrouble):
    """Only a new sign-in by the person helps."""


class SetUpWrong(AppTrouble):
    """Neither waiting nor signing in helps: somebody has to change something.

    ``problem`` is the value behind it, to be matched where a program wants to know which; ``advice`` is what
    ``genkan check`` would tell to change first, lines of configuration included; ``str()`` is the sentence alone.
    """

    def __init__(self, problem: NotReady | SiteSetUpWrong, advice: str = "") -> None:
        super().__init__(problem.sentence)
        self.problem = problem
        self.advice = advice


class WhichOne(AppTrouble):
    """Several sites or accounts answer to what was named."""


class ApiRefused(AppTrouble):
    """The site's API gave no good answer; ``status`` is its HTTP status.

    ``after`` is how many seconds the site asks to wait before the next try, where it does.
    """

    def __init__(self, sentence: str, status: int, after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.after = after


class VaultTrouble(AppTrouble):
    """The place where sessions are kept fails; the message is one sentence for the person, without any secret."""


class ManagedUnreadable(AppTrouble):
    """The place where a managed configuration lies cannot be read; what is wrong with its value are findings."""


def trouble_of(problem: Problem | NotReady) -> TryLater | SignInNeeded | SetUpWrong:
    """The exception for a value that stops an app."""
    match problem:
        case Retry():
            return TryLater(problem.sentence, problem.after, may_have_acted=problem.may_have_acted)
        case SignInAgain():
            return SignInNeeded(problem.sentence)
        case SiteSetUpWrong() | GatewayInTheWay() | SwitchedOff() | TooOld() | ClientIdUnknown() | WrongAddress():
            return SetUpWrong(problem)
        case _:
            assert_never(problem)
