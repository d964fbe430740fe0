"""The turn of a whole sign-in at one site, browser included: whoever only wants a session waits for it.

Owns its name and who waits; the shorter turns within a sign-in are ``arrival``'s.
"""

import hashlib
from typing import TypeVar

from genkan.app.choice import normal
from genkan.app.keeping import Keeper
from genkan.app.machine import Machine
from genkan.app.steps import Flow, pause, work
from genkan.app.vault import Turn

T = TypeVar("T")

POLL_MS = 200
POLLS = 1500
"""Five minutes: as long as somebody may take in the browser; after that the other program is not waited for."""


def turn_at(keeper: Keeper, address: str) -> Turn:
    """The one of a site, however its address is written."""
    # Short, so that it is nobody else's: its holder takes the turns of sessions as well.
    return keeper.vault.turn("s" + hashlib.sha256(normal(address).encode()).hexdigest()[:7])


def asked_for(keeper: Keeper, address: str, sign_in: Flow[T]) -> Flow[T]:
    """A sign-in that a person asks for: it waits for nobody, and whoever connects meanwhile waits for it."""
    turn = turn_at(keeper, address)
    try:
        yield from work(turn.take)
        return (yield from sign_in)
    finally:
        turn.give_back()


def wait(turn: Turn, machine: Machine) -> Flow[None]:
    """Wait until nobody else signs in there."""
    if (yield from work(turn.take)):
        return
    machine.say("Another program of yours is signing in there: this one waits for it.")
    for _ in range(POLLS):
        yield from pause(POLL_MS)
        if (yield from work(turn.take)):
            return
