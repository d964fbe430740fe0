"""What a program may write down: every name in a public signature is itself public."""

import inspect
import typing
from collections.abc import Iterator

import pytest

import genkan.app


def named_in(hint: object) -> Iterator[type]:
    """Our own classes in an annotation."""
    if isinstance(hint, list | tuple):
        arguments: tuple[object, ...] = tuple(hint)
    else:
        arguments = typing.get_args(hint)
    for argument in arguments:
        yield from named_in(argument)
    if inspect.isclass(hint) and hint.__module__.startswith("genkan."):
        yield hint


def signatures(found: object) -> Iterator[object]:
    """What a caller of this name can get or has to give."""
    if inspect.isfunction(found):
        yield found
    if not inspect.isclass(found):
        return
    for name, member in vars(found).items():
        target = member.fget if isinstance(member, property) else member
        if inspect.isfunction(target) and (not name.startswith("_") or name == "__init__"):
            yield target


PASSED_ON = {"Conversation", "Driver", "AsyncDriver", "Sentence"}
"""What the library puts together for itself: nobody else makes a ``Connection`` or a finding."""


@pytest.mark.parametrize("name", genkan.app.__all__)
def test_what_a_signature_names_is_public(name: str) -> None:
    """Who implements a protocol or keeps a value in a variable can write its type."""
    found = getattr(genkan.app, name)
    named = {one.__name__ for each in signatures(found) for hint in hints_of(each) for one in named_in(hint)}
    assert named - PASSED_ON <= set(genkan.app.__all__)


def hints_of(target: typing.Any) -> list[object]:
    names = {**target.__globals__, **{name: getattr(genkan.app, name) for name in genkan.app.__all__}}
    try:
        return list(typing.get_type_hints(target, names).values())
    except NameError:
        # A name that is imported for type checkers only, of another library's.
        return []


def test_every_problem_can_be_matched() -> None:
    """The values behind ``SetUpWrong`` are public, so that ``match`` can tell them apart."""
    hint = typing.get_type_hints(genkan.app.SetUpWrong.__init__)["problem"]
    assert {one.__name__ for one in typing.get_args(hint)} <= set(genkan.app.__all__)
