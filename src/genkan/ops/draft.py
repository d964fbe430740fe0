"""A plan while it grows: each change is decided on the site as the ones before it leave it, and said in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from genkan.ops.configuration import Configuration
from genkan.ops.present import Present, after
from genkan.ops.refusals import KEYS, sentence
from genkan.protocol.entrances import Entrances
from genkan.protocol.env import Env
from genkan.protocol.links import NewLink
from genkan.protocol.outcomes import Change, Event, Refused, Step
from genkan.protocol.records import Account

Decided = TypeVar("Decided")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A configuration with its secrets by the number of the entry: hashes of passwords that have to be set, secrets of
    links.
    """

    configuration: Configuration
    password_hashes: Mapping[int, str] = field(repr=False)
    link_secrets: Mapping[int, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """``lines`` say what differs, one each; ``new_links`` have secrets that are told once; ``lowered`` are those who
    lose a right to administer, as they are now, whoever has most first.
    """

    lines: tuple[str, ...]
    change: Change
    new_links: tuple[NewLink, ...] = ()
    lowered: tuple[Account, ...] = ()


class Unplannable(Exception):
    """Why there is no plan: one sentence that begins with the place in the file."""


class Draft:
    """Holds the site as it will be, and the steps and words that lead there."""

    def __init__(self, present: Present, actor: str, env: Env, *, allow_http: bool, here: Entrances) -> None:
        self.present = present
        self.actor = actor
        self.env = env
        self.allow_http = allow_http
        self.here = here
        self._lines: list[str] = []
        self._new_links: list[NewLink] = []
        self._steps: list[Step] = []
        self._events: list[Event] = []

    def do(self, line: str, change: Change) -> None:
        """Take a change in."""
        self._lines.append(line)
        self._steps += change.steps
        self._events += change.events
        self.present = after(self.present, change)

    def make_link(self, line: str, made: NewLink) -> None:
        """Take a new link in; its secret, if it was drawn, will have to be told."""
        self.do(line, made.change)
        if made.secret is not None:
            self._new_links.append(made)

    def plan(self) -> Plan:
        """What has come together."""
        return Plan(tuple(self._lines), Change(tuple(self._steps), tuple(self._events)), tuple(self._new_links))


def good(where: str, decided: Decided | Refused) -> Decided:
    """What the rules decided, or Unplannable with their words about the entry."""
    if isinstance(decided, Refused):
        raise Unplannable(f"{where}: {sentence(decided, KEYS)}")
    return decided


def differences(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """``permission WRITE becomes READ, groups none becomes a, b``; empty where nothing differs."""
    return ", ".join(
        f"{name} {_shown(value)} becomes {_shown(now[name])}" for name, value in before.items() if value != now[name]
    )


def _shown(value: object) -> str:
    match value:
        case "" | None | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return " ".join(map(str, value))
        case _:
            return str(value)
