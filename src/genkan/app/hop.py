"""The door of a sign-in that is opened on the way: only then is it known what the site registered.

Owns its opening and closing for whoever runs a flow; which door it is, is the user agent's choice.
"""

from genkan.app import undo
from genkan.app.agent import NoDoor, UserAgent
from genkan.app.drive import Door
from genkan.app.steps import NoReturn, Returned, Visit


class Hop:
    """One for each run of a flow; whoever made it closes it."""

    def __init__(self) -> None:
        self._door: Door | None = None
        self.no_way = False
        """Whether there was none to open."""

    @property
    def is_open(self) -> bool:
        """Whether there is anything to close."""
        return self._door is not None

    @property
    def redirect_uri(self) -> str:
        """Where the answer comes back to."""
        return self._door.redirect_uri if self._door else ""

    def open(self, agent: UserAgent, redirect_uris: tuple[str, ...]) -> NoDoor | None:
        """Open the way back, or say why there is none."""
        door = agent.open_door(redirect_uris)
        self.no_way = isinstance(door, NoDoor)
        if isinstance(door, NoDoor):
            return door
        self._door = door
        return None

    def visit(self, asked: Visit) -> Returned | NoReturn:
        """Through the door that was opened."""
        return self._door.visit(asked) if self._door else NoReturn("This program has no browser to sign in with.")

    def close(self) -> None:
        """Close it, if it was opened."""
        door, self._door = self._door, None
        try:
            if door is not None:
                door.close()
        finally:
            undo.let_go()
