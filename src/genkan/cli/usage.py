"""Wrong usage as one sentence: what is missing or will not do, and how the command's own help writes it."""

import cyclopts
from cyclopts import CoercionError, ConsumeMultipleError, MissingArgumentError, UnusedCliTokensError

from genkan.settings import KINDS
from genkan.settings_given import flag_of, wanted

_KINDS = {int: "a whole number", bool: "true or false"}


def sentence(problem: cyclopts.CycloptsError) -> str:
    """What to mend in the words that were typed."""
    match problem:
        case ConsumeMultipleError():
            return _as_told(problem)
        case MissingArgumentError(argument=argument) if argument is not None:
            return f"{_command(problem)} needs {_missing(problem)}{_as_in(problem)}"
        case CoercionError(token=token, target_type=kind) if token is not None and kind in _KINDS:
            place = token.keyword or (problem.argument.name if problem.argument else "argument")
            return f"{place}: {token.value!r} will not do; write {_wanted(problem, place) or _KINDS[kind]}"
        case UnusedCliTokensError(unused_tokens=tokens) if tokens:
            return f"{_command(problem)} takes no {' '.join(map(repr, tokens))} there{_as_in(problem)}"
        case _:
            return _as_told(problem)


def _as_told(problem: cyclopts.CycloptsError) -> str:
    return " ".join(str(problem).split())


def _command(problem: cyclopts.CycloptsError) -> str:
    return " ".join(["genkan", *(problem.command_chain or ())])


def _wanted(problem: cyclopts.CycloptsError, place: str) -> str | None:
    """The bounds of the setting that a flag of the server stands for."""
    kinds = {flag_of(name): kind for name, kind in KINDS.items()}
    return wanted(kinds[place]) if problem.command_chain == ("serve",) and place in kinds else None


def _missing(problem: MissingArgumentError) -> str:
    """An option that stands there without its value, or what does not stand there at all."""
    name = problem.argument.name if problem.argument else ""
    return f"a value after {problem.keyword}" if problem.keyword else name


def _as_in(problem: cyclopts.CycloptsError) -> str:
    """The example of the command's help."""
    example = (problem.target.__doc__ or "").partition("Example: ")[2].partition("\n")[0] if problem.target else ""
    return f"; type it as in: {example}" if example else ""
