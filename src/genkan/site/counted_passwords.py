"""The password lane with its figures kept."""

from genkan.outside.watching import watched
from genkan.site.door import Passwords
from genkan.site.measure import PasswordFigures


class CountedPasswords:
    """The same lane; who waits, was served and was turned away is counted."""

    def __init__(self, lane: Passwords, figures: PasswordFigures) -> None:
        self.decoy = lane.decoy
        self._lane = lane
        self._figures = figures

    async def verify(self, kept: str, password: str) -> bool:
        """As the lane does. Raises LaneFull."""
        with self._figures, watched("hash a password"):
            return await self._lane.verify(kept, password)

    async def hash(self, password: str) -> str:
        """As the lane does. Raises LaneFull."""
        with self._figures, watched("hash a password"):
            return await self._lane.hash(password)
